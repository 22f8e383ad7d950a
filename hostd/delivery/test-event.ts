// An event for tests of delivery.
import type { EventRecord } from '../api/schema.ts';

export const testEvent = (change: Partial<EventRecord> = {}): EventRecord => ({
  id: '019aa1d3c4e-000000-5f0c9a1b',
  kind: 'nic-gone',
  severity: 'info',
  at: new Date().toISOString(),
  subjects: [{ kind: 'vm', id: 'uuid-web', name: 'web-1' }],
  text: 'NIC of web-1, vnet1 is gone',
  data: { mac: '52:54:00:00:00:01', hook: 'tcx', segment: null },
  ...change,
});
