// Tells the journal of severe incidents: one line for a source and threat in a while, a few lines a second.
import { printable } from '../../dp/client/index.ts';
import type { Threat } from '../api/schema.ts';
import type { Log } from '../base/log.ts';
import { groupKey } from './groups.ts';
import { rankOf } from './severity.ts';

const LEAST = rankOf('high');
const LINES_A_SECOND = 5;
/** The same source doing the same is not told again for so long. */
const QUIET_MS = 600_000;
const GROUPS_MAX = 10_000;

export class Journal {
  readonly #log: Log;
  /** Group → when it was told, the oldest first. */
  readonly #told = new Map<string, number>();
  #waiting: Threat[] = [];
  #left = 0;

  constructor(log: Log) {
    this.#log = log;
  }

  /** A new incident. */
  note(threat: Threat, now_ms: number): void {
    if (rankOf(threat.severity) < LEAST || this.#isQuiet(groupKey(threat), now_ms)) return;
    if (this.#waiting.length < LINES_A_SECOND) this.#waiting.push(threat);
    else this.#left++;
  }

  /** To be called each second: writes what was noted. */
  write(): void {
    for (const threat of this.#waiting) this.#log.warn(lineOf(threat), 'threat');
    if (this.#left > 0)
      this.#log.warn({ count: this.#left }, 'more threats than are logged: `vmoat threats` lists them');
    this.#waiting = [];
    this.#left = 0;
  }

  #isQuiet(group: string, now_ms: number): boolean {
    const told = this.#told.get(group);
    if (told !== undefined && now_ms - told < QUIET_MS) return true;
    this.#told.delete(group);
    this.#told.set(group, now_ms);
    const [oldest] = this.#told.keys();
    if (this.#told.size > GROUPS_MAX && oldest !== undefined) this.#told.delete(oldest);
    return false;
  }
}

const lineOf = ({ id, name, severity, src, dst, from, to, nic, evidence }: Threat): object => ({
  id,
  threat: name,
  severity,
  from: from && printable(from.name),
  src,
  to: to && printable(to.name),
  dst,
  nic,
  evidence: printable(evidence),
});
