// The vmoat-dp process: reads the command line, gives up rights, then runs or restores.
import { addonPath, loadAddon } from '../client/addon.ts';
import { DataplaneError } from '../client/dataplane-error.ts';
import { guardTable } from '../client/guard-table.ts';
import { VERSION } from '../contract/version.ts';
import { findAccounts } from './accounts.ts';
import { lockFolder } from './folder-lock.ts';
import { GuardMarker, unguard } from './guard-marker.ts';
import { jsonLog } from './log.ts';
import { type Options, readOptions, usage } from './options.ts';
import { run } from './run.ts';
import { ServiceError } from './service-error.ts';

const say = (text: string): boolean => process.stdout.write(text);

async function restore(options: Options): Promise<void> {
  const { pins, state } = options.settings;
  const addon = loadAddon();
  lockFolder(addon, pins);
  addon.restore(pins);
  await unguard(new GuardMarker(state, jsonLog(say)), guardTable);
  say("Everything of vmoat's is off this host.\n");
}

async function live(options: Options): Promise<void> {
  process.stdout.on('error', () => {}); // who read our log has gone: the data plane goes on
  const addon = loadAddon();
  const [account] = findAccounts(options.settings.users);
  addon.confine([process.argv0, ...process.execArgv, ...process.argv.slice(1)], account?.gid ?? -1);
  await run(addon, options, jsonLog(say));
}

async function main(): Promise<number> {
  const options = readOptions(process.argv.slice(2));
  if (options.action === 'help') say(usage());
  else if (options.action === 'version') say(`vmoat-dp ${VERSION} (${addonPath()})\n`);
  else if (options.action === 'restore') await restore(options);
  else await live(options);
  return 0;
}

process.exitCode = await main().catch((error: unknown) => {
  if (
    !(error instanceof ServiceError) &&
    !(error instanceof DataplaneError) &&
    !(error instanceof Error && 'errno' in error)
  )
    throw error;
  process.stderr.write(`vmoat-dp: ${error.message}\n`);
  return error instanceof ServiceError ? error.exitCode : 1;
});
