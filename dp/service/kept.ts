// What vmoat-dp keeps of what it was told, over its own end and the host's: as text, and checked when it is read.
import { DataplaneError } from '../client/dataplane-error.ts';
import type { PolicyTables, Unconfirmed } from '../contract/policy.ts';
import type { Inventory, PolicyStatus, Segment } from '../contract/protocol.ts';
import { checkInventory } from './inventory.ts';
import { checkTables, checkUnconfirmed } from './policy.ts';

export type KeptSegment = Pick<Segment, 'segment' | 'link' | 'vlan'>;

export interface Kept {
  /** In force when it was written; null: none was told. */
  policy: PolicyTables | null;
  /** What that one is on trial for; its own `previous` is what comes after it. */
  unconfirmed: Unconfirmed | null;
  wentBack: PolicyStatus['wentBack'];
  nics: Inventory['nics'];
  /** Those that the ends of the policies stand in. */
  segments: KeptSegment[];
}

export const NOTHING_KEPT: Kept = {
  policy: null,
  unconfirmed: null,
  wentBack: null,
  nics: [],
  segments: [],
};

const SEGMENTS_MAX = 65_536;

/** Throws an Error that says what is wrong with it. */
export function readKept(text: string): Kept {
  const fields = JSON.parse(text) as Partial<Record<keyof Kept, unknown>>;
  const { policy, unconfirmed, wentBack } = fields;
  return {
    policy: policy === null ? null : checkTables(policy, 'policy'),
    unconfirmed: unconfirmed === null ? null : checkUnconfirmed(unconfirmed),
    wentBack: wentBack === null ? null : checkWentBack(wentBack),
    nics: checkInventory({ generation: 1, nics: fields.nics }).nics,
    segments: checkSegments(fields.segments),
  };
}

function checkWentBack(body: unknown): Kept['wentBack'] {
  const { trial, at } = (body ?? {}) as Record<string, unknown>;
  if (typeof trial === 'string' && typeof at === 'string') return { trial, at };
  throw new DataplaneError('dp_protocol', 'wentBack: has no trial and time');
}

function checkSegments(body: unknown): KeptSegment[] {
  if (!Array.isArray(body) || body.length > SEGMENTS_MAX)
    throw new DataplaneError('dp_protocol', `segments: is no list of at most ${SEGMENTS_MAX}`);
  return body.map((each) => {
    const { segment, link, vlan } = (each ?? {}) as Record<string, unknown>;
    const isNumber = Number.isInteger(segment) && (segment as number) > 0 && (segment as number) < 2 ** 31;
    if (isNumber && typeof link === 'string' && Number.isInteger(vlan))
      return { segment: segment as number, link, vlan: vlan as number };
    throw new DataplaneError('dp_protocol', 'segments: one has no number, link and VLAN');
  });
}

/** The segments among these that the policies speak of. */
export function spokenOf(
  segments: readonly KeptSegment[],
  policies: readonly (PolicyTables | null)[],
): KeptSegment[] {
  const named = new Set(policies.flatMap((policy) => policy?.ends.map(({ segment }) => segment) ?? []));
  return segments
    .filter(({ segment }) => named.has(segment))
    .map(({ segment, link, vlan }) => ({ segment, link, vlan }));
}
