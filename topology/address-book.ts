// Who owns which address of a segment: bounded, better-trusted claims win, and no equal claim ever moves an owner.
import type { AddressConflict, AddressSource, Claim, Endpoint, LearnedAddress, Topology } from './types.ts';

/** Kinds of evidence as bits. `lease` is libvirt's own word, `dhcp` an answer that passed by and may be forged. */
const CONFIGURED = 1;
const LEASE = 2;
const LEARNED = { dhcp: 4, arp: 8, ndp: 16, traffic: 32 } as const;
const SOURCES: readonly [number, AddressSource][] = [
  [CONFIGURED, 'configured'],
  [LEASE, 'dhcp'],
  [LEARNED.dhcp, 'dhcp'],
  [LEARNED.arp, 'arp'],
  [LEARNED.ndp, 'ndp'],
  [LEARNED.traffic, 'traffic'],
];
const GIVEN = CONFIGURED | LEASE;

export interface BookLimits {
  /** Addresses of one segment. */
  perSegment: number;
  /** Addresses that one NIC (or one MAC elsewhere in the segment) may claim. */
  perOwner: number;
  /** Claims kept beside the owner's, per address. */
  perAddress: number;
}

export const BOOK_LIMITS: BookLimits = { perSegment: 16_384, perOwner: 256, perAddress: 4 };

interface Holder {
  slot: number;
  mac: string;
  seenMs: number;
  evidence: number;
}

/** The first holder owns the address; the others wait for it to go. */
type Holders = [Holder, ...Holder[]];

interface SegmentTable {
  addresses: Map<string, Holders>;
  /** Addresses with a claim, by owner key. */
  owners: Map<string, Set<string>>;
}

export class AddressBook {
  /** Claims refused because a table was full. */
  dropped = 0;
  private readonly limits: BookLimits;
  private readonly segments = new Map<number, SegmentTable>();
  private topology: Pick<Topology, 'endpoints' | 'byMac'> = { endpoints: new Map(), byMac: new Map() };
  private known: number[] = [];

  constructor(limits: BookLimits = BOOK_LIMITS) {
    this.limits = limits;
  }

  /** Takes over what is configured and leased, and forgets NICs and segments that are no more. */
  sync(topology: Topology): AddressConflict[] {
    // A segment that was never known may only be young: its first addresses may come before it.
    for (const segment of this.known) if (!topology.segments.has(segment)) this.segments.delete(segment);
    this.known = [...topology.segments.keys()];
    for (const [slot, old] of this.topology.endpoints) {
      const now = topology.endpoints.get(slot);
      if (now?.incarnation !== old.incarnation) this.forget(old);
      else this.withdraw(old, now);
    }
    this.topology = topology;
    for (const endpoint of topology.endpoints.values()) this.adopt(endpoint);
    return [...topology.endpoints.values()].flatMap((endpoint) => this.give(endpoint));
  }

  /** Takes what dp learned; returns the conflicts that are new. */
  learn(records: Iterable<LearnedAddress>): AddressConflict[] {
    return [...records].flatMap((learned) => {
      const { source } = learned;
      if (source === 'configured') return [];
      const record = { ...learned, source, slot: this.slotOf(learned) };
      const evidence = LEARNED[record.source];
      const { segment, address, slot, mac, seenMs } = record;
      if (!record.gone) this.confirm(record);
      if (!record.gone) return this.claim(segment, address, { slot, mac, seenMs, evidence });
      this.retract(segment, address, keyOf(record), ~GIVEN);
      return [];
    });
  }

  /** Takes back what was learned and not seen since then: a dp that started later does not say that it is gone. */
  forgetUnseen(sinceMs: number): number {
    let count = 0;
    for (const [segment, { addresses }] of this.segments)
      for (const [address, holders] of addresses)
        for (const holder of holders) {
          if (holder.seenMs >= sinceMs || (holder.evidence & ~GIVEN) === 0) continue;
          this.retract(segment, address, keyOf(holder), ~GIVEN);
          count++;
        }
    return count;
  }

  /** The owner of an address in a segment. */
  owner(segment: number, address: string): Claim | null {
    const holder = this.segments.get(segment)?.addresses.get(address)?.[0];
    return holder ? claimOf(holder) : null;
  }

  /** Addresses that a NIC owns, best trusted first. */
  addressesOf(segment: number, slot: number): { address: string; source: AddressSource }[] {
    const table = this.segments.get(segment);
    const owned = [...(table?.owners.get(keyOf({ slot, mac: '' })) ?? [])].flatMap((address) => {
      const holder = table?.addresses.get(address)?.[0];
      return holder?.slot === slot
        ? [{ address, source: sourceOf(holder.evidence), rank: holder.evidence & -holder.evidence }]
        : [];
    });
    return owned.sort((a, b) => a.rank - b.rank).map(({ address, source }) => ({ address, source }));
  }

  get size(): number {
    return [...this.segments.values()].reduce((sum, table) => sum + table.addresses.size, 0);
  }

  /**
   * A lease is seen where its server is and names the client's MAC, which may be that of a NIC of this segment.
   * Nothing else that is seen elsewhere says anything about a NIC: anybody may use its MAC there.
   */
  private slotOf({ segment, mac, slot, source }: LearnedAddress): number {
    return slot === 0 && source === 'dhcp' ? (this.topology.byMac.get(`${segment}/${mac}`)?.slot ?? 0) : slot;
  }

  /** Leases that were seen before the NIC with their MAC was known become its own, and so does what it says itself. */
  private adopt({ segment, slot, mac }: Endpoint): void {
    const table = this.segments.get(segment);
    for (const address of [...(table?.owners.get(mac ?? '') ?? [])]) {
      const holders = table?.addresses.get(address);
      const stranger = holders?.find((each) => each.slot === 0 && each.mac === mac);
      const said = holders?.some((each) => each.slot === slot && each.mac === mac);
      if (!table || !holders || !stranger || !(said || stranger.evidence & LEARNED.dhcp)) continue;
      unite(table, address, holders, stranger, slot);
    }
  }

  /**
   * Before its tap was watched, a NIC's own frames were seen elsewhere only. Once the NIC with that MAC makes the
   * claim itself, the two are one, and no conflict.
   */
  private confirm({ segment, address, slot, mac }: LearnedAddress): void {
    if (slot === 0 || this.topology.byMac.get(`${segment}/${mac}`)?.slot !== slot) return;
    const table = this.segments.get(segment);
    const holders = table?.addresses.get(address);
    const stranger = holders?.find((each) => each.slot === 0 && each.mac === mac);
    if (table && holders && stranger) unite(table, address, holders, stranger, slot);
  }

  private give(endpoint: Endpoint): AddressConflict[] {
    const { segment, slot } = endpoint;
    const holder = (evidence: number) => ({ slot, mac: endpoint.mac ?? '', seenMs: 0, evidence });
    return [
      ...endpoint.configured.flatMap((address) => this.claim(segment, address, holder(CONFIGURED))),
      ...endpoint.leased.flatMap((address) => this.claim(segment, address, holder(LEASE))),
    ];
  }

  /** Takes back what the endpoint was given once and is not any more. */
  private withdraw(old: Endpoint, now: Endpoint): void {
    const key = keyOf({ slot: old.slot, mac: '' });
    for (const address of old.configured)
      if (!now.configured.includes(address)) this.retract(old.segment, address, key, CONFIGURED);
    for (const address of old.leased)
      if (!now.leased.includes(address)) this.retract(old.segment, address, key, LEASE);
  }

  private forget(endpoint: Endpoint): void {
    const key = keyOf({ slot: endpoint.slot, mac: '' });
    const addresses = this.segments.get(endpoint.segment)?.owners.get(key) ?? [];
    for (const address of [...addresses]) this.retract(endpoint.segment, address, key, ~0);
  }

  private claim(segment: number, address: string, claim: Holder): AddressConflict[] {
    const table = this.table(segment);
    const holders = table.addresses.get(address);
    const mine = holders?.find((holder) => keyOf(holder) === keyOf(claim));
    if (!mine && !this.hasRoom(table, holders, claim)) return [];
    const rankBefore = mine ? rankOf(mine.evidence) : 0;
    const holder = mine ?? { ...claim, evidence: 0 };
    holder.evidence |= claim.evidence;
    if (claim.seenMs >= holder.seenMs) Object.assign(holder, { seenMs: claim.seenMs, mac: claim.mac });
    remember(table, address, keyOf(claim));
    if (!holders) table.addresses.set(address, [holder]);
    else if (!mine) holders.push(holder);
    if (!holders || holders[0] === holder || rankOf(holder.evidence) <= rankBefore) return [];
    return [contest(segment, address, holders, holder)];
  }

  private hasRoom(table: SegmentTable, holders: Holders | undefined, claim: Holder): boolean {
    const owned = table.owners.get(keyOf(claim))?.size ?? 0;
    const given = (claim.evidence & GIVEN) !== 0;
    const room =
      (given || owned < this.limits.perOwner) &&
      (holders
        ? holders.length <= this.limits.perAddress
        : given || table.addresses.size < this.limits.perSegment);
    if (!room) this.dropped += 1;
    return room;
  }

  private retract(segment: number, address: string, key: string, evidence: number): void {
    const table = this.segments.get(segment);
    const holders = table?.addresses.get(address);
    const holder = holders?.find((each) => keyOf(each) === key);
    if (!table || !holders || !holder) return;
    holder.evidence &= ~evidence;
    if (holder.evidence !== 0) return;
    forgetAddress(table, address, key);
    const [first, ...rest] = holders
      .filter((each) => each !== holder)
      .sort((a, b) => byTrust(a, b, holders[0]));
    if (first) table.addresses.set(address, [first, ...rest]);
    else table.addresses.delete(address);
  }

  private table(segment: number): SegmentTable {
    const table = this.segments.get(segment) ?? { addresses: new Map(), owners: new Map() };
    this.segments.set(segment, table);
    return table;
  }
}

function unite(table: SegmentTable, address: string, holders: Holders, stranger: Holder, slot: number): void {
  forgetAddress(table, address, keyOf(stranger));
  remember(table, address, keyOf({ slot, mac: '' }));
  table.addresses.set(address, merged(holders, stranger, slot));
}

/** `stranger` as a claim of the NIC, joined with the one it may have already, in the place of the first of the two. */
function merged(holders: Holders, stranger: Holder, slot: number): Holders {
  const same = holders.find((each) => each.slot === slot);
  const at = holders.findIndex((each) => each === stranger || each === same);
  const all = holders.filter((each) => each !== stranger && each !== same);
  all.splice(at, 0, { ...stranger, slot, evidence: stranger.evidence | (same?.evidence ?? 0) });
  const [first = stranger, ...rest] = all;
  return [first, ...rest];
}

/** The owner stays first; those that wait stand by trust, then by age. */
function byTrust(a: Holder, b: Holder, owner: Holder): number {
  if (a === owner || b === owner) return a === owner ? -1 : 1;
  return rankOf(b.evidence) - rankOf(a.evidence) || a.seenMs - b.seenMs;
}

/** A strictly better-trusted claim takes the address over; any other leaves it where it is. */
function contest(segment: number, address: string, holders: Holders, claimant: Holder): AddressConflict {
  const owner = holders[0];
  const moved = rankOf(claimant.evidence) > rankOf(owner.evidence);
  if (moved) {
    holders.splice(holders.indexOf(claimant), 1);
    holders.unshift(claimant);
  }
  return { segment, address, owner: claimOf(owner), claimant: claimOf(claimant), moved };
}

/**
 * Configured, then libvirt's leases, then what an end said of itself (DHCP, ARP, NDP), then mere traffic. A lease
 * that was only seen passing by ranks no higher than ARP: a guest can forge the server's answer.
 */
function rankOf(evidence: number): number {
  if (evidence & CONFIGURED) return 4;
  if (evidence & LEASE) return 3;
  return evidence & ~LEARNED.traffic ? 2 : evidence === 0 ? 0 : 1;
}

function sourceOf(evidence: number): AddressSource {
  return SOURCES.find(([bit]) => evidence & bit)?.[1] ?? 'traffic';
}

function claimOf({ slot, mac, seenMs, evidence }: Holder): Claim {
  return { slot, mac, seenMs, source: sourceOf(evidence) };
}

/** A NIC is known by its slot, whatever MACs speak behind it; others by their MAC. */
function keyOf({ slot, mac }: { slot: number; mac: string }): string {
  return slot !== 0 ? `slot ${slot}` : mac;
}

function remember(table: SegmentTable, address: string, key: string): void {
  const addresses = table.owners.get(key) ?? new Set();
  addresses.add(address);
  table.owners.set(key, addresses);
}

function forgetAddress(table: SegmentTable, address: string, key: string): void {
  const addresses = table.owners.get(key);
  addresses?.delete(address);
  if (addresses?.size === 0) table.owners.delete(key);
}
