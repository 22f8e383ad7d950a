import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadAddon } from './addon.ts';
import {
  ADDRESS_RECORD_BYTES,
  addressRecord,
  DECISION_BYTES,
  decision,
  FLOW_BATCH_HEADER_BYTES,
  FLOW_RECORD_BYTES,
  flowBatchHeader,
  flowRecord,
  NAME_RECORD_BYTES,
  nameRecord,
  QUESTION_BYTES,
  question,
  THREAT_RECORD_BYTES,
  TUNNEL_LAYER_BYTES,
  threatRecord,
  tunnelLayer,
} from './layout.ts';

test("the decoder's offsets are the compiler's", () => {
  assert.deepEqual(loadAddon().recordLayout, {
    FlowRecord: { size: FLOW_RECORD_BYTES, offsets: flowRecord },
    TunnelLayer: { size: TUNNEL_LAYER_BYTES, offsets: tunnelLayer },
    FlowBatchHeader: { size: FLOW_BATCH_HEADER_BYTES, offsets: flowBatchHeader },
    AddressRecord: { size: ADDRESS_RECORD_BYTES, offsets: addressRecord },
    NameRecord: { size: NAME_RECORD_BYTES, offsets: nameRecord },
    ThreatRecord: { size: THREAT_RECORD_BYTES, offsets: threatRecord },
    Question: { size: QUESTION_BYTES, offsets: question },
    Decision: { size: DECISION_BYTES, offsets: decision },
  });
});

test('names begin with none where index 0 means none, and fit the bits of a record', () => {
  const { applications, facts, anomalies, threats } = loadAddon().registry;
  assert.deepEqual([applications[0], facts[0]], ['', '']);
  assert.ok(anomalies.length > 0 && anomalies.length <= 64);
  assert.ok(threats.length <= 64);
  for (const names of [applications, facts, anomalies, threats])
    assert.equal(new Set(names).size, names.length);
});
