// `vmoat policy import`: takes the groups and rules of a file into what is live; all the rest stays as it is.
import type { Command } from 'commander';
import { policyDiff, renderChange } from '../../policy/document/diff.ts';
import { merged } from '../../policy/document/merge.ts';
import { readPolicy } from '../../policy/document/parse.ts';
import { PolicyVersion } from '../../policy/shapes.ts';
import { type Context, examples, printJson } from '../context.ts';
import { styled } from '../terminal.ts';
import { type ChangeOptions, changeBody, changeOptions, insisting } from './change-options.ts';
import { policyText } from './export-command.ts';
import { fileName, fileText } from './policy-file.ts';
import { versionLine } from './version-text.ts';

interface Options extends ChangeOptions {
  dryRun?: boolean;
}

export function importCommand(policy: Command, context: Context): void {
  const command = policy
    .command('import')
    .description(
      'take the groups and rules of a file (YAML or JSON) into the policy, new ones at the end; root only',
    )
    .argument('<file>', 'a policy; - for standard input')
    .option('-d, --dry-run', 'only say what would change');
  changeOptions(command)
    .addHelpText(
      'after',
      examples(
        'sudo vmoat policy import learned.yaml --confirm-within 60s',
        'vmoat policy import rules.json --dry-run',
      ),
    )
    .action((file: string, options: Options) => importFile(file, options, context));
}

async function importFile(file: string, options: Options, context: Context): Promise<void> {
  const { terminal } = context;
  const given = fileText(file);
  const live = await policyText(context);
  const before = readPolicy(live.text, 'what is live').document;
  const groups = before.groups.map(({ name }) => name);
  const { document } = readPolicy(given, fileName(file), groups);
  const text = merged(live.text, { text: given, document });
  const changes = policyDiff(before, readPolicy(text, fileName(file)).document);
  if (options.output !== 'json')
    for (const each of changes) terminal.out(`${styled(terminal, null, renderChange(each))}\n`);
  if (options.dryRun) {
    if (options.output === 'json') printJson(terminal, changes);
    return;
  }
  const reason = options.reason ?? `import of ${fileName(file)}`;
  const body = { ...changeBody({ ...options, reason }), text, base: live.version?.version ?? 0 };
  const version = await insisting(context, (force) =>
    context.admin().post(PolicyVersion, '/policy', { ...body, ...force }),
  );
  if (options.output === 'json') printJson(terminal, version);
  else terminal.out(versionLine(version, terminal, context.now()));
}
