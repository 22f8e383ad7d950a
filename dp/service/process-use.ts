// What this process uses of the host.
import type { ProcessUse } from '../contract/protocol.ts';

/** CPU since the start and resident memory, engine threads included. */
export function processUse(): ProcessUse {
  const { user, system } = process.cpuUsage();
  return { pid: process.pid, cpuSeconds: (user + system) / 1e6, residentBytes: process.memoryUsage.rss() };
}
