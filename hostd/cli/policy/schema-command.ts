// `vmoat policy schema`: the format of policy files, for editors.
import type { Command } from 'commander';
import { policyJsonSchema } from '../../policy/document/json-schema.ts';
import { type Context, examples } from '../context.ts';
import { safeJson } from '../terminal.ts';

export function schemaCommand(policy: Command, { terminal }: Context): void {
  policy
    .command('schema')
    .description('the JSON Schema of policy files, for editors')
    .addHelpText(
      'after',
      examples(
        'vmoat policy schema > policy.schema.json',
        '# first line of a policy, for editors with a YAML language server:',
        '# yaml-language-server: $schema=/usr/share/vmoat/policy.schema.json',
      ),
    )
    .action(() => terminal.out(`${safeJson(policyJsonSchema(), 2)}\n`));
}
