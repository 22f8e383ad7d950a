// Opens the policy's store below the state directory.
import { hostname } from 'node:os';
import { join } from 'node:path';
import { moment } from '../dp/client/index.ts';
import { systemClock } from './base/clock.ts';
import type { Config } from './config/schema.ts';
import type { Reader } from './policy/document/reader.ts';
import { Policy } from './policy/policy.ts';
import { FileStore } from './policy/store/file-store.ts';

/** Rejects with `policy_store_broken`, which names the last good copy. */
export async function openPolicy(config: Config, { read, edit }: Reader): Promise<Policy> {
  return Policy.open({
    store: await FileStore.open(join(config.stateDir, 'policy')),
    clock: systemClock,
    read,
    edit,
    moment,
    hostName: hostname(),
    defaultMode: config.modes.default,
  });
}
