// `vmoat policy apply`: a file goes live as a new version.
import type { Command } from 'commander';
import { readPolicy } from '../../policy/document/parse.ts';
import { type Context, examples } from '../context.ts';
import { type ChangeOptions, change, changeBody, changeOptions, versionOption } from './change-options.ts';
import { fileName, fileSource, fileText } from './policy-file.ts';

interface Options extends ChangeOptions {
  base?: number;
}

export function applyCommand(policy: Command, context: Context): void {
  const command = policy
    .command('apply')
    .description('make a file the policy: a new version, live at once; root only')
    .argument('<file>', 'the policy; - for standard input')
    .option(
      '--base <version>',
      'the version it was made from; not needed for a file that was applied or exported last',
      versionOption,
    );
  changeOptions(command)
    .addHelpText(
      'after',
      examples(
        'sudo vmoat policy apply policy.yaml --confirm-within 60s && sudo vmoat policy confirm',
        "sudo vmoat policy apply policy.yaml --reason 'web may reach the new database'",
        'sudo vmoat policy apply policy.yaml --base 12',
      ),
    )
    .action(async (file: string, options: Options) => {
      const text = fileText(file);
      // Mistakes are named with the file's own lines before anything is sent.
      readPolicy(text, fileName(file));
      const { base } = options;
      const source = fileSource(file);
      const body = {
        ...changeBody(options),
        text,
        ...(source && { source }),
        ...(base !== undefined && { base }),
      };
      await change(context, '/policy', body, options.output);
    });
}
