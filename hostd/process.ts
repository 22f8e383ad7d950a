// The process: its arguments, its signals, its supervisor.
import { parseArgs } from 'node:util';
import { loadAddon } from '../dp/client/index.ts';
import { messageOf, VmoatError } from './base/errors.ts';
import { openLog } from './base/log.ts';
import { VERSION } from './base/version.ts';
import { checkConfig, loadConfig } from './config/load.ts';
import { DEFAULT_CONFIG_FILE } from './config/schema.ts';
import { startDaemon } from './daemon.ts';

const HELP = `vmoat-hostd [--config FILE]

Knows the VMs of this host, joins them with what vmoat-dp sees, and serves the command line and the web page.
SIGHUP makes it read webhooks, syslog and responses of the configuration anew.

  --config FILE  configuration, ${DEFAULT_CONFIG_FILE} if not given (docs/configuration.md)
  --version      print the version
  --help         print this
`;
const EXIT_FAILED = 1;
const EXIT_USAGE = 2;
const STOP_MS_MAX = 5000;

function leave(code: number, text: string): never {
  (code === 0 ? process.stdout : process.stderr).write(text);
  process.exit(code);
}

function configFile(): string | undefined {
  try {
    const options = {
      config: { type: 'string' },
      help: { type: 'boolean' },
      version: { type: 'boolean' },
    } as const;
    const { values } = parseArgs({ options, strict: true });
    if (values.help) leave(0, HELP);
    if (values.version) leave(0, `${VERSION}\n`);
    return values.config;
  } catch (thrown) {
    leave(EXIT_USAGE, `vmoat-hostd: ${messageOf(thrown)}\n\n${HELP}`);
  }
}

/** Tells systemd where it listens; without it, or without the addon, nobody is told. */
function notifier(): (state: string) => void {
  if (!process.env.NOTIFY_SOCKET) return () => undefined;
  try {
    const addon = loadAddon();
    const watchdog_ms = addon.systemdWatchdogMs();
    if (watchdog_ms > 0) setInterval(() => addon.systemdNotify('WATCHDOG=1'), watchdog_ms / 2).unref();
    return (state) => void addon.systemdNotify(state);
  } catch {
    return () => undefined;
  }
}

async function main(): Promise<void> {
  // The history says who spoke to whom: nobody but hostd's own user and group reads it.
  process.umask(0o027);
  const file = configFile();
  const config = loadConfig(file);
  const log = openLog(config.log.level);
  const notify = notifier();
  process.on('uncaughtException', (error) => {
    log.fatal({ err: error }, 'vmoat-hostd ends by a fault of its own');
    process.exit(EXIT_FAILED);
  });
  let reload = (): void => log.warn('asked to read the configuration anew while starting: ask again');
  process.on('SIGHUP', () => reload());
  const daemon = await startDaemon(config, log);
  reload = () => daemon.reload(checkConfig(file));
  notify('READY=1');
  log.info({ version: VERSION, page: daemon.page }, 'vmoat-hostd is up');
  const stop = (signal: string): void => {
    log.info({ signal }, 'vmoat-hostd stops');
    notify('STOPPING=1');
    setTimeout(() => process.exit(EXIT_FAILED), STOP_MS_MAX).unref();
    daemon.stop().then(() => process.exit(0));
  };
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
}

await main().catch((thrown) => {
  if (!(thrown instanceof VmoatError)) throw thrown;
  const hint = thrown.hint ? `\n${thrown.hint}` : '';
  leave(EXIT_FAILED, `vmoat-hostd: ${thrown.message}${hint}\n`);
});
