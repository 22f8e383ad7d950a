// `vmoat policy export`: the policy as a file, which says what version it is of.
import type { Command } from 'commander';
import { withBase } from '../../policy/base-version.ts';
import { readPolicy } from '../../policy/document/parse.ts';
import { LivePolicy, PolicyText } from '../../policy/shapes.ts';
import { type Context, examples, outputOption, printJson } from '../context.ts';
import { versionOption } from './change-options.ts';

export function exportCommand(policy: Command, context: Context): void {
  policy
    .command('export')
    .description('print the policy; its first line tells apply which version it was made from')
    .argument('[version]', 'an old version; without it, the one that is live', versionOption)
    .addOption(outputOption('yaml', 'json'))
    .addHelpText(
      'after',
      examples('vmoat policy export > policy.yaml', 'vmoat policy export 12', 'vmoat policy export -o json'),
    )
    .action(async (version: number | undefined, { output }: { output: string }) => {
      const { terminal } = context;
      const found = await policyText(context, version);
      const number = found.version?.version ?? null;
      if (output === 'json') printJson(terminal, readPolicy(found.text, `version ${number}`).document);
      else terminal.out(withBase(found.text, number));
    });
}

/** The text of a version; what is live if none is given. */
export const policyText = (context: Context, version?: number): Promise<PolicyText> =>
  version === undefined
    ? context.daemon().get(LivePolicy, '/policy')
    : context.daemon().get(PolicyText, `/policy/versions/${version}`);
