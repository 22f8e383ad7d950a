// `vmoat threats -f`: prints incidents as they begin; what a source repeats gets a line a minute.
import type { StreamEvent, Threat } from '../api/schema.ts';
import type { Context } from './context.ts';
import { followStream } from './follow-stream.ts';
import { safeJson } from './terminal.ts';
import { threatLine } from './threat-text.ts';
import { newestThreats, streamQuery, type ThreatsOptions } from './threats-ask.ts';

const BEFORE_DEFAULT = 10;
/** Incidents of the time without a connection. */
const MISSED_MAX = 1000;
const REMEMBERED_MAX = 50_000;
const QUIET_MS = 60_000;

export async function followThreats(options: ThreatsOptions, context: Context): Promise<void> {
  const news = new ThreatNews(options.output === 'table' ? QUIET_MS : 0);
  const print = (threats: readonly Threat[]): void => {
    for (const threat of threats) printNews(threat, news, options, context);
  };
  await followStream(context, {
    query: { ...streamQuery(options), kinds: 'threats' },
    catchUp: async (since) =>
      print(
        since
          ? await newestThreats({ ...options, since }, context, MISSED_MAX)
          : await newestThreats(options, context, options.last ?? BEFORE_DEFAULT),
      ),
    take: (event) => takeEvent(event, print, context),
  });
}

function takeEvent(event: StreamEvent, print: (threats: Threat[]) => void, { terminal }: Context): void {
  if (event.kind === 'threats') print(event.threats);
  if (event.kind === 'dropped' && event.threats > 0)
    terminal.err(`vmoat: ${event.threats} incidents left out: read too slowly\n`);
}

function printNews(threat: Threat, news: ThreatNews, options: ThreatsOptions, context: Context): void {
  if (threat.acknowledged && !options.all) return;
  const before = news.take(threat, context.now());
  if (before === null) return;
  const { terminal, now } = context;
  if (options.output === 'table') terminal.out(threatLine(threat, before, terminal, now()));
  else terminal.out(`${options.output === 'id' ? threat.id : safeJson(threat)}\n`);
}

/** Which incidents are worth a line: each once, and of those that are alike one in a while. */
export class ThreatNews {
  readonly #quiet_ms: number;
  readonly #seen = new Map<string, true>();
  readonly #groups = new Map<string, { told: number; untold: number }>();

  constructor(quiet_ms: number) {
    this.#quiet_ms = quiet_ms;
  }

  /** How many like it went by without a line; null: this one does, too. */
  take(threat: Threat, now_ms: number): number | null {
    const mark = `${threat.id} ${threat.acknowledged?.at ?? ''}`;
    if (this.#seen.has(mark)) return null;
    remember(this.#seen, mark, true);
    const key = `${threat.name}\n${threat.source}`;
    const group = this.#groups.get(key);
    if (group && now_ms - group.told < this.#quiet_ms) {
      group.untold++;
      return null;
    }
    remember(this.#groups, key, { told: now_ms, untold: 0 });
    return group?.untold ?? 0;
  }
}

/** The oldest goes. */
function remember<V>(map: Map<string, V>, key: string, value: V): void {
  map.delete(key);
  map.set(key, value);
  const [oldest] = map.keys();
  if (map.size > REMEMBERED_MAX && oldest !== undefined) map.delete(oldest);
}
