// `vmoat panic`: for a while nothing is dropped or held, whoever of vmoat's processes is alive.
import { join } from 'node:path';
import { type Command, InvalidArgumentError } from 'commander';
import { z } from 'zod';
import { appendOffline } from '../access/offline-audit.ts';
import { Status } from '../api/schema.ts';
import { systemClock } from '../base/clock.ts';
import { VmoatError } from '../base/errors.ts';
import { loadConfig } from '../config/load.ts';
import { confirm } from './confirm.ts';
import { type Context, examples, outputOption, printJson } from './context.ts';
import { beginPanic, endPanic, type PanicParts } from './panic/panic.ts';
import { PIN_ROOT, realWorld } from './panic/world.ts';
import { durationOption } from './policy/change-options.ts';
import { duration } from './quantity.ts';
import { styled } from './terminal.ts';

interface Options {
  allowAll?: boolean;
  for?: number;
  end?: boolean;
  yes?: boolean;
  pins: string;
  config?: string;
  output: string;
}

const SECOND_MS = 1000;
const [FOR_MS_MIN, FOR_MS_MAX] = [60_000, 24 * 3_600_000];

function panicDuration(text: string): number {
  const time_ms = durationOption(text);
  if (time_ms >= FOR_MS_MIN && time_ms <= FOR_MS_MAX) return time_ms;
  throw new InvalidArgumentError('from 1m to 24h.');
}

export function panicCommand(program: Command, context: Context): void {
  program
    .command('panic')
    .description('let everything pass for a while, also when vmoat-dp and vmoat-hostd are dead; root only')
    .option('--allow-all', 'from now on nothing is dropped or held')
    .option('--for <duration>', 'until then: 1m to 24h, such as 15m; it ends by itself', panicDuration)
    .option('--end', 'end it: the policy is enforced again')
    .option('--yes', 'do not ask')
    .option('--pins <path>', 'where vmoat-dp pins its maps', PIN_ROOT)
    .option('--config <file>', 'of vmoat-hostd, whose audit log is written while it does not run')
    .addOption(outputOption('table', 'json'))
    .addHelpText(
      'after',
      `\nWithout --allow-all and --end it shows whether there is panic. Learning, verdicts and records go on.\n${examples('sudo vmoat panic --allow-all --for 15m', 'sudo vmoat panic', 'sudo vmoat panic --end')}`,
    )
    .action((options: Options) => act(options, context));
}

async function act(options: Options, context: Context): Promise<void> {
  if (options.allowAll && options.end) throw new VmoatError('usage', '--allow-all or --end, not both');
  if (options.for !== undefined && !options.allowAll)
    throw new VmoatError('usage', '--for goes with --allow-all');
  if (options.allowAll) await begin(options, context);
  else if (options.end) await end(options, context);
  else await show(options, context);
}

async function begin(options: Options, context: Context): Promise<void> {
  if (options.for === undefined)
    throw new VmoatError('usage', '--allow-all needs --for', { hint: 'such as --for 15m' });
  if (!options.yes)
    await confirm(context.terminal, {
      says: `For ${duration(options.for)} vmoat drops and holds nothing on this host: every VM in protect is open, whatever the policy says.`,
      word: 'allow-all',
      option: '--yes',
    });
  print(await beginPanic(partsOf(options, context), options.for / SECOND_MS), options, context);
}

async function end(options: Options, context: Context): Promise<void> {
  const was = await endPanic(partsOf(options, context));
  if (!was && options.output !== 'json') context.terminal.err('there was no panic\n');
  print(null, options, context);
}

async function show(options: Options, context: Context): Promise<void> {
  print(await untilNow(options, context), options, context);
}

/** By the map itself; whoever may not read it asks vmoat-hostd. */
async function untilNow({ pins }: Options, { daemon, now }: Context): Promise<string | null> {
  const world = realWorld(pins);
  if (!world.isRoot) return (await daemon().get(Status, '/status')).dataplane.panic?.until ?? null;
  const left = world.isPinned() ? world.left() : 0;
  return left === 0 ? null : new Date(now() + left * SECOND_MS).toISOString();
}

function print(until: string | null, { output }: Options, { terminal, now }: Context): void {
  if (output === 'json') {
    printJson(terminal, { until });
    return;
  }
  const left = until === null ? 0 : Date.parse(until) - now();
  const text =
    until === null
      ? 'no panic: what the policy denies to VMs in protect is dropped'
      : `panic: nothing is dropped or held until ${until}, for ${duration(left)}`;
  terminal.out(`${styled(terminal, until === null ? null : 'red', text)}\n`);
}

function partsOf(options: Options, context: Context): PanicParts {
  const user = process.env.SUDO_USER || 'root';
  return {
    world: realWorld(options.pins),
    now: context.now,
    user,
    audit: (until) => audited(until, user, options, context),
    warn: (text) => context.terminal.err(`${styled(context.terminal, 'yellow', text)}\n`),
  };
}

/** By vmoat-hostd, whose log it is; into its file where it does not answer. */
async function audited(
  until: string | null,
  user: string,
  { config }: Options,
  context: Context,
): Promise<void> {
  try {
    await context.admin().post(z.object({}), '/panic', { until });
  } catch (thrown) {
    if (!(thrown instanceof VmoatError)) throw thrown;
    await appendOffline(join(loadConfig(config).stateDir, 'audit'), systemClock, {
      ...{ user, role: 'admin', from: 'root', action: 'POST /panic', target: 'panic' },
      ...{ result: 'done', code: null, before: null, after: until === null ? 'ended' : `until ${until}` },
    });
  }
}
