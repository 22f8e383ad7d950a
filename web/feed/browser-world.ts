// What the live stream needs, as a browser has it.
import { type Api, ApiError } from './api.ts';
import type { StreamWorld } from './stream.ts';

async function probe(api: Api): Promise<number> {
  try {
    await api.status();
    return 200;
  } catch (error) {
    return error instanceof ApiError ? error.status : 0;
  }
}

export function browserWorld(api: Api): StreamWorld {
  return {
    open: (url) => new EventSource(url),
    probe: () => probe(api),
    now: () => Date.now(),
    later: (ms, run) => {
      const timer = setTimeout(run, ms);
      return () => clearTimeout(timer);
    },
    chance: () => Math.random(),
  };
}
