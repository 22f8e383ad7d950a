// `vmoat flows -f`: prints flows as they come.
import type { Flow, StreamEvent } from '../api/schema.ts';
import type { Context } from './context.ts';
import { type FlowsOptions, filterQuery, flowsText, newest } from './flows-ask.ts';
import { followStream } from './follow-stream.ts';

const BEFORE_DEFAULT = 10;
/** Flows of the time without a connection. */
const MISSED_MAX = 1000;
/** Flows whose last line is remembered; of older ones a line may come twice. */
const SEEN_MAX = 50_000;

export async function follow(options: FlowsOptions, context: Context): Promise<void> {
  const output = options.output ?? 'compact';
  const news = new News(options.updates === true);
  const print = (flows: readonly Flow[]): void => {
    const fresh = flows.filter((flow) => news.isNew(flow));
    if (fresh.length)
      context.terminal.out(flowsText(fresh, output === 'table' ? 'compact' : output, context));
  };
  await followStream(context, {
    query: { ...filterQuery(options), kinds: 'flows' },
    catchUp: async (since) =>
      print(
        since
          ? await newest({ ...options, since }, context, MISSED_MAX)
          : await newest(options, context, options.last ?? BEFORE_DEFAULT),
      ),
    take: (event) => takeEvent(event, print, context),
  });
}

function takeEvent(event: StreamEvent, print: (flows: Flow[]) => void, context: Context): void {
  if (event.kind === 'flows') print(event.flows);
  if (event.kind === 'dropped')
    context.terminal.err(`vmoat: ${event.flows} flows left out: read too slowly\n`);
}

/** Which records of a flow are worth a line: the first, recognition, new names or findings, the end. */
export class News {
  readonly #everything: boolean;
  readonly #seen = new Map<string, string>();

  constructor(everything: boolean) {
    this.#everything = everything;
  }

  isNew(flow: Flow): boolean {
    const mark = this.#everything ? `${flow.last} ${flow.bytes}` : markOf(flow);
    if (this.#seen.get(flow.id) === mark) return false;
    this.#seen.delete(flow.id);
    this.#seen.set(flow.id, mark);
    const [oldest] = this.#seen.keys();
    if (this.#seen.size > SEEN_MAX && oldest !== undefined) this.#seen.delete(oldest);
    return true;
  }
}

const markOf = (flow: Flow): string =>
  [
    flow.app,
    flow.confidence,
    flow.end,
    flow.verdict,
    flow.violation,
    flow.from?.name,
    flow.to?.name,
    ...flow.threats,
    ...flow.anomalies,
  ].join('\n');
