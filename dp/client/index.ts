// What hostd imports of the data plane.

export type { Deadline, PolicyOrder } from '../contract/policy.ts';
export { type Addon, addonPath, loadAddon } from './addon.ts';
export { type AddressRecord, decodeAddresses } from './address-record.ts';
export { DataplaneClient, type DataplaneClientOptions, type DataplaneEvents } from './dataplane-client.ts';
export { DataplaneError, type DataplaneErrorCode } from './dataplane-error.ts';
export { deadlineIn, leftOf, type Moment, moment } from './deadline.ts';
export type { Pair } from './fields.ts';
export { FlowBatch } from './flow-batch.ts';
export { applicationName, type FlowJson, flowJson } from './flow-json.ts';
export { FlowRecord, type Tunnel } from './flow-record.ts';
export { guardTable } from './guard-table.ts';
export { decodeNames, type NameRecord } from './name-record.ts';
export { pcapCommand } from './pcap-command.ts';
export {
  CompiledPolicy,
  compilePolicy,
  MATCHES,
  type PolicyDecision,
  PolicyDecisions,
  type PolicyEndKey,
  type PolicyError,
  type PolicyEvidence,
  type PolicyEvidenceEnd,
  type PolicyQuestion,
  PolicyQuestions,
} from './policy.ts';
export { printable } from './printable.ts';
export { protocolKeyword, protocolNumber } from './protocol-keyword.ts';
export { decodeThreats, type ThreatRecord } from './threat-record.ts';
export { timeText } from './time-text.ts';
