// The thread of the history: SQLite is synchronous, so it must not run where the API answers.
import { parentPort, workerData } from 'node:worker_threads';
import { firstKept, startOf } from './day.ts';
import { EventFile } from './event-file.ts';
import { HeldFile } from './held-file.ts';
import { LearnedFile } from './learned-file.ts';
import { MarkFile } from './mark-file.ts';
import type { Request, ThreadData, ThreadMessage } from './messages.ts';
import { RuleFile } from './rule-file.ts';
import { HistoryStore } from './store.ts';
import { ThreatFile } from './threat-file.ts';

const DROP_INTERVAL_MS = 600_000;
/** Beyond that the oldest go. */
const EVENTS_MAX = 200_000;

const post = (message: ThreadMessage): void => parentPort?.postMessage(message);
const { folder, retentionDays } = workerData as ThreadData;
const onSetAside = (file: string, reason: string): void => post({ event: 'setAside', file, reason });
const now = (): number => Date.now();
const store = new HistoryStore({ folder, retentionDays, now, onSetAside });
const held = { folder, now, onSetAside };
const threats = new HeldFile({ ...held, name: 'threats.sqlite', open: (path) => new ThreatFile(path) });
const events = new HeldFile({ ...held, name: 'events.sqlite', open: (path) => new EventFile(path) });
const marks = new HeldFile({ ...held, name: 'marks.sqlite', open: (path) => new MarkFile(path) });
const learned = new HeldFile({ ...held, name: 'learned.sqlite', open: (path) => new LearnedFile(path) });
const rules = new HeldFile({ ...held, name: 'rules.sqlite', open: (path) => new RuleFile(path) });
const dropping = setInterval(dropOld, DROP_INTERVAL_MS);

function dropOld(): void {
  store.dropOld();
  events.with((file) => file.dropOld(startOf(firstKept(now(), retentionDays)), EVENTS_MAX));
}

function answer(request: Request): unknown {
  switch (request.kind) {
    case 'write':
      return store.write(request.ask.flows, request.ask.edges, request.ask.receipt) ?? null;
    case 'writeThreats':
      return threats.with((file) => file.write(request.ask.rows, request.ask.gone)) ?? null;
    case 'threats':
      return threats.with((file) => file.load());
    case 'acknowledge':
      return threats.with((file) => file.acknowledge(request.ask.ids, request.ask.acknowledged)) ?? null;
    case 'writeEvents':
      return events.with((file) => file.write(request.ask.outgoing, request.ask.delivered)) ?? null;
    case 'events':
      return events.with((file) => file.find(request.ask.filter, request.ask.position, request.ask.limit));
    case 'pending':
      return events.with((file) => file.pending());
    case 'receipt':
      return store.receipt();
    case 'flows':
      return store.flows(request.ask.filter, request.ask.position, request.ask.limit);
    case 'window':
      return store.window(request.ask.since, request.ask.until);
    case 'evidence':
      return store.evidence(request.ask);
    case 'hours':
      return store.hours(request.ask.since, request.ask.until);
    case 'learned':
      return learned.with((file) => file.load());
    case 'writeLearned':
      return learned.with((file) => file.write(request.ask.changed, request.ask.until)) ?? null;
    case 'forgetLearned': {
      const { version, keys, kept } = request.ask;
      return learned.with((file) => file.forget(version, keys, kept)) ?? null;
    }
    case 'followLearned':
      return learned.with((file) => file.follow(request.ask.versions));
    case 'rules':
      return rules.with((file) => file.load());
    case 'writeRules':
      return rules.with((file) => file.write(request.ask)) ?? null;
    case 'violations': {
      const { since, until, each } = request.ask;
      return { rows: store.violations(since, until, each), marks: marks.with((file) => file.load()) };
    }
    case 'mark':
      return marks.with((file) => file.mark(request.ask.ids, request.ask.mark, now())) ?? null;
    case 'endOthers':
      return store.endOthers(request.ask.prefix) ?? null;
    case 'stats':
      return store.stats();
    case 'close':
      clearInterval(dropping);
      threats.close();
      events.close();
      marks.close();
      learned.close();
      rules.close();
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
