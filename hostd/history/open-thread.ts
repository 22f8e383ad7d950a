// Starts the history's thread: from hostd's own bundle, or from the source in a checkout.
import { Worker } from 'node:worker_threads';
import type { ThreadData } from './messages.ts';

/** In the bundle of hostd this module is the bundle itself, whose main.ts knows a thread by its role. */
export function openThread(workerData: ThreadData): Worker {
  const fromSource = import.meta.url.endsWith('.ts');
  if (!fromSource) return new Worker(new URL(import.meta.url), { workerData });
  const source = JSON.stringify(new URL('./thread.ts', import.meta.url).href);
  // Node 20 does not run --import in workers, so the TypeScript loader is registered there by hand.
  const start = `import('tsx/esm/api').then(({ register }) => { register(); return import(${source}); })`;
  return new Worker(start, { eval: true, workerData });
}
