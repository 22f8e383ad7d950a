import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Flow } from '../../hostd/api/schema.ts';
import { type FlowFields, flowBatch, mapped } from '../../test/wire/flow-batch.ts';
import { FlowBatch } from './flow-batch.ts';
import { type FlowJson, flowJson } from './flow-json.ts';

const registry = {
  applications: ['', 'http', 'tls', 'https'],
  facts: ['', 'http.host', 'tls.sni'],
  anomalies: ['tcp.gap', 'ip.fragment'],
  threats: ['scan.syn'],
};
const json = (fields: FlowFields): FlowJson =>
  flowJson(new FlowBatch(flowBatch([fields])).at(0), registry, 'br0');

const FULL: FlowFields = {
  u64: {
    id: 9n,
    parent: 8n,
    first_ns: 1_700_000_000_000_001_999n,
    last_ns: 1_700_000_002_500_000_000n,
    anomalies: 2n,
    threats: 1n,
  },
  pairs: { packets: [3n, 4n], bytes: [300n, 400n] },
  bytes: { src: mapped(10, 0, 0, 1), dst: mapped(10, 0, 0, 2) },
  u16: { sport: 40_000, dport: 443 },
  u16s: { layers: [2, 3], tags: [7] },
  u8: {
    proto: 6,
    family: 4,
    confidence: 2,
    direction: 1,
    end: 1,
    verdict: 2,
    enforced: 1,
    decided_by: 1,
    flags: 3,
  },
  tunnel: [{ kind: 1, id: 100 }],
  facts: [[2, Buffer.from('example.org')]],
};

test('a flow with everything that dp knows', () => {
  assert.deepEqual(json(FULL), {
    type: 'flow',
    id: '9',
    parent: '8',
    segment: 'br0',
    proto: 'tcp',
    src: '10.0.0.1',
    sport: 40_000,
    dst: '10.0.0.2',
    dport: 443,
    direction: 'seen',
    app: 'tls/https',
    confidence: 'sure',
    tunnel: [{ kind: 'vxlan', id: 100 }],
    vlan: [7],
    pickedUp: true,
    packets: [3, 4],
    bytes: [300, 400],
    first: '2023-11-14T22:13:20.000001Z',
    last: '2023-11-14T22:13:22.500000Z',
    end: 'fin',
    verdict: 'deny',
    violation: true,
    enforced: 'dropped',
    decidedBy: 'rule',
    facts: { 'tls.sni': 'example.org' },
    threats: ['scan.syn'],
    anomalies: ['ip.fragment'],
  });
});

test('it is what the API promises', () => {
  for (const fields of [FULL, {}]) assert.doesNotThrow(() => Flow.parse(json(fields)));
});

test('what is not known is absent', () => {
  const flow = json({ u8: { proto: 58, family: 6 } });
  for (const key of ['app', 'confidence', 'verdict', 'violation', 'facts', 'vlan', 'pickedUp'])
    assert.ok(!(key in flow), key);
  assert.deepEqual([flow.proto, flow.src, flow.end, flow.parent], ['ipv6-icmp', '::', null, null]);
});

test('frames without IP are flows between MAC addresses', () => {
  const flow = json({ bytes: { src_mac: Buffer.from('525400000001', 'hex') } });
  assert.deepEqual([flow.proto, flow.src, flow.dst], ['ethernet', '52:54:00:00:00:01', '00:00:00:00:00:00']);
});

test('hostile facts stay one line of valid JSON', () => {
  const { facts } = json({ facts: [[1, Buffer.from([0x61, 0x0a, 0x1b, 0x5b, 0x00, 0xff, 0xc3])]] });
  assert.deepEqual(facts, { 'http.host': 'a\n\u001b[\u0000\ufffd\ufffd' });
  assert.doesNotMatch(JSON.stringify(facts), /\p{Cc}/u);
});

test('names that the registry does not have are said to be unknown', () => {
  const flow = json({
    u16s: { layers: [1, 60] },
    u64: { anomalies: 1n << 40n },
    facts: [[200, Buffer.from('x')]],
  });
  assert.equal(flow.app, 'http/unknown-60');
  assert.deepEqual(flow.anomalies, ['unknown-40']);
  assert.ok(!('facts' in flow));
});
