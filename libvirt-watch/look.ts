// One look at libvirt: the cheap lists always, the XML of those domains and networks only where something differs.
import type { LibvirtCalls, ListedState } from './calls.ts';
import { parseDomainXml } from './domain-xml.ts';
import { LibvirtError } from './errors.ts';
import { parseNetworkXml } from './network-xml.ts';
import { isActive, stateOf } from './state.ts';
import type { Network, Snapshot, Workload } from './types.ts';

/** What is to be read again although the lists show no difference, and what may be migrating. */
export interface Suspects {
  domains: ReadonlySet<string>;
  networks: ReadonlySet<string>;
  /** Read everything. */
  all: boolean;
  migrating: ReadonlySet<string>;
}

/** A domain or network with the list entry it was read under; another entry means reading again. */
interface Known<T> {
  value: T;
  entry: string;
}

/** Everything known after a look. */
export interface Sight {
  domains: ReadonlyMap<string, Known<Workload>>;
  networks: ReadonlyMap<string, Known<Network>>;
  /** Those of the asked domains that do migrate. */
  migrating: Set<string>;
  xmlReads: number;
}

export const NOTHING_SEEN: Sight = {
  domains: new Map(),
  networks: new Map(),
  migrating: new Set(),
  xmlReads: 0,
};

/** XML reads that are under way at once: enough to hide the bus's latency, too few to flood libvirt. */
const READS_AT_ONCE = 8;

export function snapshotOf(sight: Sight): Snapshot {
  return { workloads: valuesOf(sight.domains), networks: valuesOf(sight.networks) };
}

function valuesOf<T>(known: ReadonlyMap<string, Known<T>>): Map<string, T> {
  return new Map([...known].map(([uuid, { value }]) => [uuid, value]));
}

/**
 * Rejects with the error of the first list that fails: then nothing is known to be gone. A single domain or
 * network that cannot be read keeps its old value and is read again at the next look.
 */
export async function look(calls: LibvirtCalls, before: Sight, suspects: Suspects): Promise<Sight> {
  const lists = await readLists(calls);
  const migrating = await readMigrations(calls, suspects.migrating, lists.domains);
  const context: Context = { calls, before, suspects, lists, migrating, xmlReads: 0 };
  const domains = await readEach(lists.domains, (uuid) => domain(context, uuid));
  const networks = await readEach(lists.networks, (uuid) => network(context, uuid));
  return { domains, networks, migrating, xmlReads: context.xmlReads };
}

interface Lists {
  domains: Set<string>;
  transient: Set<string>;
  states: Map<string, ListedState>;
  networks: Set<string>;
  active: Set<string>;
  transientNetworks: Set<string>;
}

interface Context {
  calls: LibvirtCalls;
  before: Sight;
  suspects: Suspects;
  lists: Lists;
  migrating: Set<string>;
  xmlReads: number;
}

async function readLists(calls: LibvirtCalls): Promise<Lists> {
  const [domains, transient, states, networks, active, transientNetworks] = await Promise.all([
    calls.domains(),
    calls.transientDomains(),
    calls.states(),
    calls.networks(),
    calls.activeNetworks(),
    calls.transientNetworks(),
  ]);
  return { domains, transient, states, networks, active, transientNetworks };
}

async function readMigrations(
  calls: LibvirtCalls,
  asked: ReadonlySet<string>,
  listed: ReadonlySet<string>,
): Promise<Set<string>> {
  const found = new Set<string>();
  for (const uuid of asked) {
    // A domain that cannot say so any more does not migrate any more.
    if (listed.has(uuid) && (await calls.migrates(uuid).catch(() => false))) found.add(uuid);
  }
  return found;
}

async function readEach<T>(
  uuids: ReadonlySet<string>,
  read: (uuid: string) => Known<T> | Promise<Known<T> | null>,
): Promise<Map<string, Known<T>>> {
  const all = [...uuids];
  const known = new Map<string, Known<T>>();
  for (let at = 0; at < all.length; at += READS_AT_ONCE) {
    const some = all.slice(at, at + READS_AT_ONCE);
    const read_ = await Promise.all(some.map(async (uuid) => [uuid, await read(uuid)] as const));
    for (const [uuid, value] of read_) if (value) known.set(uuid, value);
  }
  return known;
}

function domain(context: Context, uuid: string): Known<Workload> | Promise<Known<Workload> | null> {
  const old = context.before.domains.get(uuid);
  const suspect = context.suspects.all || context.suspects.domains.has(uuid);
  if (old && !suspect && old.entry === domainEntry(context, uuid, old.value.name)) return old;
  return readDomain(context, uuid, old).catch((error) =>
    retained(error, old?.value, () => blankDomain(uuid)),
  );
}

/**
 * What stands for something that could not be read: its old value, else a blank one that says why; null where
 * it is gone. Either is read again at the next look, for no list entry is empty.
 */
function retained<T>(error: unknown, old: T | undefined, blank: () => T): Known<T> | null {
  if (!(error instanceof LibvirtError) || error.code === 'bus' || error.code === 'timeout') throw error;
  if (error.code === 'gone') return null;
  return { value: old ?? { ...blank(), unreadable: error.message }, entry: '' };
}

/** All that the lists say of a domain, as one comparable text; empty where they do not name it. */
function domainEntry({ lists, migrating }: Context, uuid: string, name: string): string {
  const listed = lists.states.get(name);
  return listed ? JSON.stringify([name, listed, lists.transient.has(uuid), migrating.has(uuid)]) : '';
}

async function readDomain(
  context: Context,
  uuid: string,
  old: Known<Workload> | undefined,
): Promise<Known<Workload>> {
  context.xmlReads += 1;
  const xml = await context.calls.domainXml(uuid);
  const parsed = parseOrExplain(() => parseDomainXml(xml));
  const name = 'value' in parsed ? parsed.value.name : (old?.value.name ?? uuid);
  const active = 'value' in parsed ? parsed.value.active : null;
  const state = await stateNow(context, uuid, name, active);
  const said =
    'value' in parsed
      ? { ...pick(parsed.value), unreadable: null }
      : { ...(old?.value ?? blankDomain(uuid)), unreadable: parsed.reason };
  const value = { ...said, uuid, state, persistent: !context.lists.transient.has(uuid) };
  return { value, entry: domainEntry(context, uuid, name) };
}

function pick({ name, title, os, tags, nics }: ReturnType<typeof parseDomainXml>) {
  return { name, title, os, tags, nics };
}

/** The listed state, unless the XML is younger and disagrees with it. */
async function stateNow(
  context: Context,
  uuid: string,
  name: string,
  active: boolean | null,
): Promise<Workload['state']> {
  if (context.migrating.has(uuid)) return 'migrating';
  const listed = context.lists.states.get(name);
  const sure = listed && (active === null || isActive(listed.state) === active);
  const { state, reason } = sure ? listed : await context.calls.domainState(uuid);
  return stateOf(state, reason);
}

function network(context: Context, uuid: string): Known<Network> | Promise<Known<Network> | null> {
  const old = context.before.networks.get(uuid);
  const suspect = context.suspects.all || context.suspects.networks.has(uuid);
  const active = context.lists.active.has(uuid);
  const persistent = !context.lists.transientNetworks.has(uuid);
  const entry = JSON.stringify([active, persistent]);
  if (old && !suspect && old.entry === entry) return old;
  return readNetwork(context, uuid, { active, persistent }, old)
    .then((value) => ({ value, entry }))
    .catch((error) => retained(error, old?.value, () => blankNetwork(uuid)));
}

async function readNetwork(
  context: Context,
  uuid: string,
  listed: { active: boolean; persistent: boolean },
  old: Known<Network> | undefined,
): Promise<Network> {
  context.xmlReads += 1;
  const xml = await context.calls.networkXml(uuid);
  const parsed = parseOrExplain(() => parseNetworkXml(xml));
  if ('reason' in parsed)
    return { ...(old?.value ?? blankNetwork(uuid)), ...listed, unreadable: parsed.reason };
  const serves = listed.active && parsed.value.addresses.some(({ ranges, hosts }) => ranges[0] || hosts[0]);
  const leases = serves ? await context.calls.leases(uuid) : [];
  return { ...parsed.value, uuid, ...listed, leases, unreadable: null };
}

function blankDomain(uuid: string): Workload {
  const facts = { uuid, name: uuid, title: null, os: null, tags: [], nics: [] };
  return { ...facts, state: 'shutoff', persistent: true, unreadable: null };
}

function blankNetwork(uuid: string): Network {
  const lists = { devices: [], vlans: [], addresses: [], portGroups: [], leases: [] };
  const facts = {
    uuid,
    name: uuid,
    active: false,
    persistent: true,
    bridge: null,
    forward: 'isolated',
    ovs: false,
  };
  return { ...facts, ...lists, unreadable: null };
}

function parseOrExplain<T>(parse: () => T): { value: T } | { reason: string } {
  try {
    return { value: parse() };
  } catch (error) {
    if (error instanceof LibvirtError && error.code === 'xml') return { reason: error.message };
    throw error;
  }
}
