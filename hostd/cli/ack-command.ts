// `ack` of what happened: that somebody has seen to it, or that this is taken back.
import { type Command, Option } from 'commander';
import type { z } from 'zod';
import type { Acknowledgement } from '../api/schema.ts';
import { type Context, examples, outputOption, printJson } from './context.ts';
import { styled } from './terminal.ts';

export interface Acknowledgeable<T> {
  description: string;
  examples: string[];
  /** Path of the API that has them. */
  path: string;
  schema: z.ZodType<T>;
  /** How the answer calls one. */
  called: (item: T) => string;
  /** What `--alike` means, where there is such a thing. */
  alike?: string;
}

interface AckOptions {
  note?: string;
  alike?: boolean;
  undo?: boolean;
  output: string;
}

export function ackCommand<T extends { acknowledged: Acknowledgement | null }>(
  parent: Command,
  what: Acknowledgeable<T>,
  context: Context,
): void {
  const command = parent
    .command('ack')
    .description(what.description)
    .argument('<id...>', 'as the list shows it')
    .option('--note <text>', 'why, for whoever comes next');
  if (what.alike !== undefined) command.option('--alike', what.alike);
  command
    .addOption(new Option('--undo', 'take it back').conflicts('note'))
    .addOption(outputOption('table', 'json'))
    .addHelpText('after', examples(...what.examples))
    .action(async (ids: string[], options: AckOptions) => {
      for (const id of ids) await acknowledge(id, what, options, context);
    });
}

async function acknowledge<T extends { acknowledged: Acknowledgement | null }>(
  id: string,
  { path, schema, called }: Acknowledgeable<T>,
  { note = '', alike = false, undo, output }: AckOptions,
  context: Context,
): Promise<void> {
  const { terminal } = context;
  const target = `${path}/${encodeURIComponent(id)}/acknowledge`;
  const query = alike ? { alike: 'yes' } : {};
  const admin = context.admin();
  const item = undo
    ? await admin.delete(schema, target, query)
    : await admin.post(schema, target, { note }, query);
  if (output === 'json') return printJson(terminal, item);
  const done = undo ? 'open again' : `acknowledged by ${item.acknowledged?.by ?? '-'}`;
  terminal.out(`${styled(terminal, null, `${called(item)}${alike ? ' and all like it' : ''}: ${done}`)}\n`);
}
