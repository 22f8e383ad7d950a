// Remembers the recent rates of every edge, so that panels can plot them.
import { signal } from '@preact/signals';
import type { Graph } from '../../hostd/api/schema.ts';
import { type Points, Series, sum } from '../domain/series.ts';

export class RateStore {
  /** Grows by one with each graph heard; read it to follow the series. */
  readonly tick = signal(0);
  #series = new Map<string, Series>();

  /** Edges that never carried anything get no series: most edges of a large graph are idle. */
  hear(graph: Graph): void {
    const time = Date.parse(graph.at) / 1000;
    const alive = new Map<string, Series>();
    for (const { id, rate } of graph.edges) {
      const known = this.#series.get(id);
      if (!known && rate[0] + rate[1] === 0) continue;
      const series = known ?? new Series();
      series.add(time, rate[0], rate[1]);
      alive.set(id, series);
    }
    this.#series = alive;
    this.tick.value++;
  }

  /** The summed series of these edges; `flipped` ones count their ways the other way round. */
  points(edges: readonly string[], flipped: readonly string[] = []): Points {
    const straight = edges.flatMap((id) => this.#series.get(id)?.points() ?? []);
    const turned = flipped.flatMap((id) => {
      const points = this.#series.get(id)?.points();
      return points ? [{ ...points, toServer: points.toClient, toClient: points.toServer }] : [];
    });
    return sum([...straight, ...turned]);
  }
}
