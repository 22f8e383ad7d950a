// What the demo's map has to show: who speaks which application to whom.
import type { Graph } from '../../hostd/api/schema.ts';

/** client, server, application */
const expected: readonly (readonly [string, string, string])[] = [
  ['client', 'web', 'http'],
  ['client', 'web', 'tls'],
  ['client', 'infra', 'ssh'],
  ['client', 'infra', 'dns'],
  ['client', 'infra', 'dhcp'],
  ['client', 'infra', 'ntp'],
  ['web', 'redis', 'redis'],
  ['web', 'postgres', 'postgresql'],
  ['shop', 'mariadb', 'mysql'],
  ['buyer', 'shop', 'http'],
];

/** Looks at one graph after the other until every edge was on one of them. */
export class DemoMap {
  readonly #seen = new Set<string>();

  take(graph: Graph): void {
    const names = new Map(graph.nodes.map(({ id, name }) => [id, name.replace('vmoat-demo-', '')]));
    for (const { from, to, app } of graph.edges)
      this.#seen.add(`${names.get(from)} ${names.get(to)} ${app?.split('/')[0] ?? ''}`);
  }

  get missing(): string[] {
    return expected.map((edge) => edge.join(' ')).filter((edge) => !this.#seen.has(edge));
  }

  get seen(): string {
    return [...this.#seen].join(', ');
  }
}
