import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import type { Flow } from '../api/schema.ts';
import type { FlowFilter } from './flow-filter.ts';
import { flowRow } from './rows.ts';
import { HistoryStore } from './store.ts';

const folders: string[] = [];
export const folder = (): string => {
  const made = mkdtempSync(join(tmpdir(), 'hos-history-'));
  folders.push(made);
  return made;
};
after(() => {
  for (const made of folders) rmSync(made, { recursive: true, force: true });
});

export const groupOf = (end: { name: string }): string => end.name.replace(/-\d+$/, '');
export const TODAY = Date.parse('2026-11-20T12:00:00Z');
export const iso = (ms: number): string => new Date(ms).toISOString();

export const end = (name: string) => ({ kind: 'vm' as const, id: `uuid-${name}`, name, why: 'a test' });

export function flow(id: string, first: number, change: Partial<Flow> = {}): Flow {
  return {
    type: 'flow',
    id,
    parent: null,
    segment: 'net',
    proto: 'tcp',
    src: '10.0.0.1',
    sport: 40_000,
    dst: '10.0.0.2',
    dport: 5432,
    direction: 'seen',
    app: 'postgresql',
    confidence: 'sure',
    tunnel: [],
    packets: [1, 1],
    bytes: [100, 200],
    first: iso(first),
    last: iso(first),
    end: null,
    from: end('web-1'),
    to: end('db-1'),
    threats: [],
    anomalies: [],
    ...change,
  };
}

export function store(options: { folder?: string; now?: () => number; retentionDays?: number } = {}) {
  const setAside: string[] = [];
  const made = new HistoryStore({
    folder: options.folder ?? folder(),
    retentionDays: options.retentionDays ?? 7,
    now: options.now ?? (() => TODAY),
    onSetAside: (file, reason) => setAside.push(`${file}: ${reason}`),
  });
  const write = (...flows: Flow[]): void =>
    made.write(
      flows.map((each) => flowRow(each, groupOf, false)),
      [],
      null,
    );
  const ids = (filter: FlowFilter = {}, limit = 100): string[] =>
    made.flows(filter, null, limit).rows.map((row) => row.id);
  return { store: made, setAside, write, ids };
}
