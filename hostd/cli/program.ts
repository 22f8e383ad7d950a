// The command line as a whole: every command, and how it ends.
import { Command, CommanderError } from 'commander';
import { pcapCommand } from '../../dp/client/pcap-command.ts';
import { adminSocket } from '../base/admin-socket.ts';
import type { ErrorCode } from '../base/error-codes.ts';
import { VmoatError } from '../base/errors.ts';
import { VERSION } from '../base/version.ts';
import { auditCommand } from './audit-command.ts';
import { completionCommand } from './completion-command.ts';
import { configCommand } from './config-command.ts';
import { type Context, examples } from './context.ts';
import { Daemon } from './daemon.ts';
import { doctorCommand } from './doctor-command.ts';
import { eventsCommand } from './events-command.ts';
import { explainCommand } from './explain-command.ts';
import { exportCommand } from './export-command.ts';
import { flowsCommand } from './flows-command.ts';
import { graphCommand } from './graph-command.ts';
import { groupCommand, modeCommand } from './group-command.ts';
import { namesCommand } from './names-command.ts';
import { nicCommand } from './nic-command.ts';
import { panicCommand } from './panic-command.ts';
import { policyCommand } from './policy-command.ts';
import { INSTALLED_SOCKET, isOpenTo, socketPath } from './socket-path.ts';
import { statusCommand } from './status-command.ts';
import { styled, type Terminal } from './terminal.ts';
import { threatsCommand } from './threats-command.ts';
import { tokenCommand } from './token-command.ts';
import { violationsCommand } from './violations-command.ts';
import { vmCommand } from './vm-command.ts';
import { webLoginCommand } from './web-login-command.ts';

const EXIT_FAILED = 1;
const EXIT_USAGE = 2;
/** What the daemon refuses as a bad request was a wrong option here. */
const USAGE_CODES: readonly ErrorCode[] = ['usage', 'bad_request', 'bad_cursor'];

/** Runs one command line; resolves with its exit code: 0, 1 when it failed, 2 on wrong use. `pcap` sets process.exitCode. */
export async function run(argv: readonly string[], terminal: Terminal, now = Date.now): Promise<number> {
  let code = 0;
  const program = commandLine(terminal, now, (failed) => {
    code = failed;
  });
  try {
    await program.parseAsync(socketFirst(argv), { from: 'user' });
    return code;
  } catch (thrown) {
    return explain(thrown, terminal);
  }
}

/** All that can be said; `fail`: what a command that throws nothing may end with. */
export function commandLine(terminal: Terminal, now: () => number, fail: Context['fail']): Command {
  const program = new Command('vmoat');
  const socket = (): string => socketPath(program.opts<{ socket?: string }>().socket);
  const admin = (): Daemon => new Daemon(adminSocket(socket()), process.env.SUDO_USER ?? '');
  const context: Context = {
    terminal,
    daemon: () => new Daemon(socket()),
    admin,
    best: () => (isOpenTo(adminSocket(socket())) ? admin() : new Daemon(socket())),
    now,
    fail,
  };
  build(program, context);
  return program;
}

/** `--socket` may stand anywhere; commander takes a command's options only before the name of a subcommand. */
function socketFirst(argv: readonly string[]): readonly string[] {
  const at = argv.findIndex((word) => word === '--socket' || word.startsWith('--socket='));
  if (at < 0) return argv;
  const end = at + (argv[at] === '--socket' ? 2 : 1);
  return [...argv.slice(at, end), ...argv.slice(0, at), ...argv.slice(end)];
}

/** Every command, in the order of --help. */
function build(program: Command, context: Context): void {
  const { terminal } = context;
  program
    .description('see what the VMs of this host say to each other')
    .version(VERSION)
    .option('--socket <path>', `the socket of vmoat-hostd ($VMOAT_SOCKET; ${INSTALLED_SOCKET})`)
    .addHelpText(
      'after',
      examples('vmoat status', 'vmoat vm list', 'vmoat flows -f', 'vmoat threats', 'vmoat graph'),
    )
    .showSuggestionAfterError()
    // `threats` has options of its own, and so have its subcommands: each takes what stands behind its name.
    .enablePositionalOptions()
    .exitOverride()
    .configureOutput({ writeOut: terminal.out, writeErr: terminal.err });
  for (const add of [
    statusCommand,
    vmCommand,
    nicCommand,
    flowsCommand,
    threatsCommand,
    violationsCommand,
    eventsCommand,
    namesCommand,
    graphCommand,
    policyCommand,
    explainCommand,
    groupCommand,
    modeCommand,
    panicCommand,
    doctorCommand,
    webLoginCommand,
    exportCommand,
    tokenCommand,
    auditCommand,
    configCommand,
    completionCommand,
  ])
    add(program, context);
  pcapCommand(program);
  inherit(program);
}

/** Commander hands these on only to commands made after they were set, and not to their children. */
function inherit(command: Command): void {
  for (const sub of command.commands) {
    sub.copyInheritedSettings(command);
    inherit(sub);
  }
}

function explain(thrown: unknown, terminal: Terminal): number {
  if (thrown instanceof CommanderError) return thrown.exitCode === 0 ? 0 : EXIT_USAGE;
  if (!(thrown instanceof VmoatError)) throw thrown;
  const safe = (text: string): string => printedLines(text, thrown.code, terminal);
  terminal.err(`${styled(terminal, 'red', 'vmoat:')} ${safe(thrown.message)}\n`);
  if (thrown.hint) terminal.err(`${safe(thrown.hint)}\n`);
  return USAGE_CODES.includes(thrown.code) ? EXIT_USAGE : EXIT_FAILED;
}

/** Of a policy every mistake has its line; elsewhere a line break can only be somebody's name. */
const printedLines = (text: string, code: ErrorCode, terminal: Terminal): string =>
  (code.startsWith('policy_') ? text.split('\n') : [text])
    .map((line) => styled(terminal, null, line))
    .join('\n');
