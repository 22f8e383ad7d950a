// One flow record as the JSON object that the CLI, the API and exports show ("The flow record" in ARCHITECTURE.md).
import type { Registry } from '../contract/protocol.ts';
import type { Pair } from './fields.ts';
import type { FlowRecord, RawFact, Tunnel } from './flow-record.ts';
import { protocolKeyword } from './protocol-keyword.ts';
import { timeText } from './time-text.ts';

/** What dp alone knows of a flow; hostd adds from, to and the rule's id. */
export interface FlowJson {
  type: 'flow';
  id: string;
  parent: string | null;
  segment: string;
  proto: string;
  src: string;
  sport: number;
  dst: string;
  dport: number;
  direction: 'seen' | 'inferred';
  app?: string;
  confidence?: 'sure' | 'guess';
  tunnel: Tunnel[];
  vlan?: number[];
  pickedUp?: boolean;
  packets: Pair;
  bytes: Pair;
  /** TCP segments that repeated data; absent where there were none. */
  retransmissions?: Pair;
  first: string;
  last: string;
  end: 'fin' | 'rst' | 'timeout' | 'eof' | 'evicted' | null;
  verdict?: 'allow' | 'deny';
  violation?: boolean;
  enforced?: 'passed' | 'dropped' | 'reset';
  decidedBy?: 'rule' | 'mode' | 'failPolicy' | 'panic';
  facts?: Record<string, string>;
  threats: string[];
  anomalies: string[];
}

/**
 * The record as JSON object. `segment` is the name of record.segment (offline: the capture's interface).
 * A field that says nothing (no application, no verdict yet) is absent.
 */
export function flowJson(record: FlowRecord, registry: Registry, segment: string): FlowJson {
  return {
    type: 'flow',
    id: record.id,
    parent: record.parent,
    segment,
    proto: record.family === 0 ? 'ethernet' : protocolKeyword(record.proto),
    src: record.src,
    sport: record.sport,
    dst: record.dst,
    dport: record.dport,
    direction: record.direction,
    ...application(record, registry),
    tunnel: record.tunnel,
    ...beside(record),
    packets: record.packets,
    bytes: record.bytes,
    ...repeated(record),
    first: timeText(record.firstNs),
    last: timeText(record.lastNs),
    end: record.end,
    ...decision(record),
    ...factsOf(record.facts, registry),
    threats: names(record.threats, registry.threats),
    anomalies: names(record.anomalies, registry.anomalies),
  };
}

/** Layer names from the outside in, joined by `/`; '' when unknown. */
export function applicationName(record: FlowRecord, registry: Registry): string {
  return names(record.layers, registry.applications).join('/');
}

function names(numbers: number[], registry: string[]): string[] {
  return numbers.map((number) => registry[number] ?? `unknown-${number}`);
}

function application(record: FlowRecord, registry: Registry): Pick<FlowJson, 'app' | 'confidence'> {
  const app = applicationName(record, registry);
  const { confidence } = record;
  return { ...(app !== '' && { app }), ...(confidence && { confidence }) };
}

function beside(record: FlowRecord): Pick<FlowJson, 'vlan' | 'pickedUp'> {
  const { vlan, pickedUp } = record;
  return { ...(vlan.length > 0 && { vlan }), ...(pickedUp && { pickedUp }) };
}

function repeated({ retransmissions }: FlowRecord): Pick<FlowJson, 'retransmissions'> {
  return retransmissions[0] + retransmissions[1] > 0 ? { retransmissions } : {};
}

function decision(record: FlowRecord): Pick<FlowJson, 'verdict' | 'violation' | 'enforced' | 'decidedBy'> {
  const { verdict, decidedBy } = record;
  if (!verdict) return {};
  const { violation, enforced } = record;
  return { verdict, violation, enforced, ...(decidedBy && { decidedBy }) };
}

/** Facts by name. Bytes that are not UTF-8 become U+FFFD; control characters are JSON's to escape. */
function factsOf(facts: RawFact[], registry: Registry): Pick<FlowJson, 'facts'> {
  const named = facts.flatMap(({ key, value }) => {
    const name = registry.facts[key];
    return name === undefined || key === 0 ? [] : [[name, TEXT.decode(value)] as const];
  });
  return named.length === 0 ? {} : { facts: Object.fromEntries(named) };
}
const TEXT = new TextDecoder('utf-8', { ignoreBOM: true });
