// A bounded series of two-way rates, one sample a graph update, for the small plots.

export const seriesMax = 180;

/** Times in seconds since the epoch, rates in bytes a second; oldest first once read. */
export type Points = { times: number[]; toServer: number[]; toClient: number[] };

export class Series {
  #times = new Float64Array(seriesMax);
  #toServer = new Float32Array(seriesMax);
  #toClient = new Float32Array(seriesMax);
  #next = 0;
  #count = 0;

  /** Samples not newer than the last one are dropped, so a repeated update changes nothing. */
  add(time: number, toServer: number, toClient: number): void {
    const last = (this.#next + seriesMax - 1) % seriesMax;
    if (this.#count > 0 && time <= (this.#times[last] ?? 0)) return;
    this.#times[this.#next] = time;
    this.#toServer[this.#next] = toServer;
    this.#toClient[this.#next] = toClient;
    this.#next = (this.#next + 1) % seriesMax;
    this.#count = Math.min(this.#count + 1, seriesMax);
  }

  points(): Points {
    const out: Points = { times: [], toServer: [], toClient: [] };
    for (let i = 0; i < this.#count; i++) {
      const at = (this.#next + seriesMax - this.#count + i) % seriesMax;
      out.times.push(this.#times[at] ?? 0);
      out.toServer.push(this.#toServer[at] ?? 0);
      out.toClient.push(this.#toClient[at] ?? 0);
    }
    return out;
  }
}

/** Sums several series over the union of their times; a time one of them lacks counts as nothing there. */
export function sum(all: readonly Points[]): Points {
  const byTime = new Map<number, [number, number]>();
  for (const points of all)
    points.times.forEach((time, i) => {
      const cell = byTime.get(time) ?? [0, 0];
      byTime.set(time, [cell[0] + (points.toServer[i] ?? 0), cell[1] + (points.toClient[i] ?? 0)]);
    });
  const times = [...byTime.keys()].sort((a, b) => a - b);
  return {
    times,
    toServer: times.map((time) => byTime.get(time)?.[0] ?? 0),
    toClient: times.map((time) => byTime.get(time)?.[1] ?? 0),
  };
}
