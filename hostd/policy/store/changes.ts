// What becomes of the kept state when a version is applied, confirmed or taken back.
import type { Deadline } from '../../../dp/client/index.ts';
import type { PolicyState, VersionInfo } from './state.ts';

/** It is live; with a deadline it waits to be confirmed until then. */
export function addVersion(state: PolicyState, info: VersionInfo, deadline: Deadline | null): void {
  const { version } = info;
  state.pending = deadline && {
    version,
    previous: state.live,
    since: deadline.since,
    deadline: deadline.at,
    boot: deadline.boot,
    uptime_ms: deadline.uptime_ms,
  };
  state.versions.push(info);
  state.live = version;
  state.next = version + 1;
}

/** What was live before the version that waits is live again. */
export function takeBack(state: PolicyState, fate: 'unconfirmed' | 'withdrawn'): void {
  const { pending } = state;
  if (!pending) return;
  state.pending = null;
  state.live = pending.previous;
  for (const info of state.versions) if (info.version === pending.version) info.fate = fate;
}

/** Rules keep their number, also when they come back after they were gone. */
export function numberRules({ ruleNumbers }: PolicyState, ids: readonly string[]): void {
  const known = new Set(ruleNumbers.ids.map(([id]) => id));
  for (const id of ids) if (!known.has(id)) ruleNumbers.ids.push([id, ruleNumbers.next++]);
}
