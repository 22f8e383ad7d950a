// Offsets of dp/contract/records.h as the decoder reads them; layout.test.ts holds them against the compiler's.

export const FLOW_BATCH_HEADER_BYTES = 16;
export const flowBatchHeader = { record_size: 0, count: 4, facts_bytes: 8, number: 12 } as const;

export const FLOW_RECORD_BYTES = 248;
export const flowRecord = {
  id: 0,
  parent: 8,
  first_ns: 16,
  last_ns: 24,
  packets: 32,
  bytes: 48,
  delta_packets: 64,
  delta_bytes: 80,
  anomalies: 96,
  threats: 104,
  src: 112,
  dst: 128,
  src_mac: 144,
  dst_mac: 150,
  sport: 156,
  dport: 158,
  src_slot: 160,
  dst_slot: 162,
  tags: 164,
  layers: 168,
  segment: 176,
  rule: 180,
  facts_at: 184,
  facts_length: 188,
  retransmissions: 192,
  tunnel: 200,
  proto: 232,
  family: 233,
  confidence: 234,
  direction: 235,
  end: 236,
  verdict: 237,
  enforced: 238,
  decided_by: 239,
  flags: 240,
} as const;

export const TUNNEL_LAYER_BYTES = 8;
export const TUNNEL_LAYERS = 4;
export const tunnelLayer = { id: 0, kind: 4 } as const;
export const APPLICATION_LAYERS = 3;
export const VLAN_TAGS = 2;

export const ADDRESS_RECORD_BYTES = 40;
export const addressRecord = {
  address: 0,
  mac: 16,
  slot: 22,
  segment: 24,
  source: 28,
  gone: 29,
  seen_ns: 32,
} as const;

export const THREAT_RECORD_BYTES = 344;
export const threatRecord = {
  id: 0,
  flow: 8,
  first_ns: 16,
  last_ns: 24,
  count: 32,
  src: 40,
  dst: 56,
  segment: 72,
  slot: 76,
  sport: 78,
  dport: 80,
  proto: 82,
  family: 83,
  threat: 84,
  from_nic: 85,
  evidence_length: 86,
  evidence: 87,
} as const;

/** dp/policy/evaluate.h: what the policy is asked, many at a time, and what it answers. */
export const QUESTION_BYTES = 24;
export const question = {
  from: 0,
  to: 4,
  layers: 8,
  port: 14,
  client_port: 16,
  proto: 18,
  confidence: 19,
  application_final: 20,
  direction_inferred: 21,
  application_by_port: 22,
} as const;
export const DECISION_BYTES = 16;
export const decision = {
  rule: 0,
  verdict: 4,
  decided_by: 5,
  from_mode: 6,
  to_mode: 7,
  violation: 8,
  final: 9,
  reversed: 10,
  by_port: 11,
  continuous: 12,
} as const;

export const NAME_RECORD_BYTES = 320;
export const nameRecord = {
  address: 0,
  server: 16,
  seen_ns: 32,
  until_ns: 40,
  segment: 48,
  ttl_s: 52,
  slot: 56,
  gone: 58,
  name_length: 59,
  name: 60,
} as const;

/** Names of the enums of records.h, by value; null = the zero that means "none". */
export const CONFIDENCES = [null, 'guess', 'sure'] as const;
export const DIRECTIONS = ['inferred', 'seen'] as const;
export const FLOW_ENDS = [null, 'fin', 'rst', 'timeout', 'eof', 'evicted'] as const;
export const VERDICTS = [null, 'allow', 'deny'] as const;
export const ENFORCED = ['passed', 'dropped', 'reset'] as const;
export const DECIDED_BY = [null, 'rule', 'mode', 'failPolicy', 'panic'] as const;
export const MODES = [null, 'learn', 'monitor', 'protect'] as const;
export const TUNNEL_KINDS = [
  null,
  'vxlan',
  'geneve',
  'gre',
  'erspan',
  'gtp',
  'teredo',
  'ipip',
  '4in6',
  '6in4',
  'mpls',
] as const;
export const ADDRESS_SOURCES = ['traffic', 'arp', 'ndp', 'dhcp'] as const;
export const FLOW_PICKED_UP = 1;
export const FLOW_VIOLATION = 2;
