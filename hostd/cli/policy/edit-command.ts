// `vmoat policy edit`: what is live in an editor, applied when the editor ends.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Command } from 'commander';
import { VmoatError } from '../../base/errors.ts';
import { readPolicy } from '../../policy/document/parse.ts';
import { type Context, examples } from '../context.ts';
import { type ChangeOptions, change, changeBody, changeOptions } from './change-options.ts';
import { policyText } from './export-command.ts';

export function editCommand(policy: Command, context: Context): void {
  const command = policy
    .command('edit')
    .description('open the policy in $VISUAL or $EDITOR, and apply it when the editor ends; root only');
  changeOptions(command)
    .addHelpText(
      'after',
      examples('sudo vmoat policy edit --confirm-within 2m', 'sudo EDITOR=nano vmoat policy edit'),
    )
    .action((options: ChangeOptions) => edit(options, context));
}

async function edit(options: ChangeOptions, context: Context): Promise<void> {
  const { version, text } = await policyText(context);
  const folder = mkdtempSync(join(tmpdir(), 'vmoat-edit-'));
  const file = join(folder, 'policy.yaml');
  writeFileSync(file, text, { mode: 0o600 });
  runEditor(file);
  const edited = readFileSync(file, 'utf8');
  if (edited === text) context.terminal.out('nothing was changed\n');
  else {
    // Until it is live the file stays: nobody's work is lost to a mistake or a conflict.
    context.terminal.err(`what you wrote is in ${file} until it is live\n`);
    readPolicy(edited, file);
    await change(
      context,
      '/policy',
      { ...changeBody(options), text: edited, base: version?.version ?? 0 },
      options.output,
    );
  }
  rmSync(folder, { recursive: true });
}

/** The shell takes the editor's own arguments apart, as git does. */
function runEditor(file: string): void {
  const editor = process.env.VISUAL || process.env.EDITOR || 'vi';
  const { status } = spawnSync('sh', ['-c', `${editor} "$1"`, editor, file], { stdio: 'inherit' });
  if (status !== 0)
    throw new VmoatError('usage', `the editor ${editor} ended with ${status}: nothing was applied`);
}
