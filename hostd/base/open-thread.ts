// Starts a thread of hostd: from its own bundle, or from the source in a checkout.
import { type ResourceLimits, Worker } from 'node:worker_threads';

export interface ThreadStart {
  /** Tells main.ts of a bundle what to run in it. */
  role: string;
}

/** In the bundle of hostd this module is the bundle itself, whose main.ts knows a thread by its role. */
export function openThread(
  source: URL,
  workerData: ThreadStart,
  resourceLimits: ResourceLimits = {},
): Worker {
  const options = { workerData, resourceLimits };
  if (!import.meta.url.endsWith('.ts')) return new Worker(new URL(import.meta.url), options);
  const file = JSON.stringify(source.href);
  // Node 20 does not run --import in workers, so the TypeScript loader is registered there by hand.
  const start = `import('tsx/esm/api').then(({ register }) => { register(); return import(${file}); })`;
  return new Worker(start, { eval: true, ...options });
}
