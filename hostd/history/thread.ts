// The thread of the history: SQLite is synchronous, so it must not run where the API answers.
import { parentPort, workerData } from 'node:worker_threads';
import type { Request, ThreadData, ThreadMessage } from './messages.ts';
import { HistoryStore } from './store.ts';
import { ThreatStore } from './threat-store.ts';

const DROP_INTERVAL_MS = 600_000;

const post = (message: ThreadMessage): void => parentPort?.postMessage(message);
const { folder, retentionDays } = workerData as ThreadData;
const onSetAside = (file: string, reason: string): void => post({ event: 'setAside', file, reason });
const store = new HistoryStore({
  folder,
  retentionDays,
  now: () => Date.now(),
  onSetAside,
});
const threats = new ThreatStore({ folder, now: () => Date.now(), onSetAside });
const dropping = setInterval(() => store.dropOld(), DROP_INTERVAL_MS);

function answer(request: Request): unknown {
  switch (request.kind) {
    case 'write':
      return store.write(request.ask.flows, request.ask.edges, request.ask.receipt) ?? null;
    case 'writeThreats':
      return threats.write(request.ask.rows, request.ask.gone) ?? null;
    case 'threats':
      return threats.load();
    case 'acknowledge':
      return threats.acknowledge(request.ask.ids, request.ask.acknowledged) ?? null;
    case 'receipt':
      return store.receipt();
    case 'flows':
      return store.flows(request.ask.filter, request.ask.position, request.ask.limit);
    case 'window':
      return store.window(request.ask.since, request.ask.until);
    case 'evidence':
      return store.evidence(request.ask.since, request.ask.until);
    case 'endOthers':
      return store.endOthers(request.ask.prefix) ?? null;
    case 'stats':
      return store.stats();
    case 'close':
      clearInterval(dropping);
      threats.close();
      return store.close() ?? null;
  }
}

parentPort?.on('message', (request: Request) => {
  try {
    post({ id: request.id, answer: answer(request) });
  } catch (thrown) {
    post({ id: request.id, error: thrown instanceof Error ? thrown.message : String(thrown) });
  }
  if (request.kind === 'close') parentPort?.close();
});
