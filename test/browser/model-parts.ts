// What the model of a host is made of: who serves what, who talks to whom, NICs, nodes, seeded chance.
import type { GraphNode, Nic, Workload } from '../../hostd/api/schema.ts';

type Role = { name: string; network: string; serves: [app: string, proto: string, port: number][] };

export const roles: readonly Role[] = [
  {
    name: 'web-1',
    network: 'front',
    serves: [
      ['http', 'tcp', 80],
      ['tls', 'tcp', 443],
    ],
  },
  { name: 'web-2', network: 'front', serves: [['http', 'tcp', 80]] },
  { name: 'cache', network: 'back', serves: [['redis', 'tcp', 6379]] },
  { name: 'postgres-main', network: 'back', serves: [['postgresql', 'tcp', 5432]] },
  { name: 'shop-db', network: 'back', serves: [['mysql', 'tcp', 3306]] },
  {
    name: 'bastion',
    network: 'front',
    serves: [
      ['ssh', 'tcp', 22],
      ['dns', 'udp', 53],
    ],
  },
  { name: 'worker', network: 'back', serves: [] },
  { name: 'old-build', network: 'front', serves: [] },
];

export const links: readonly [client: string, server: string, app: string][] = [
  ['web-1', 'cache', 'redis'],
  ['web-1', 'postgres-main', 'postgresql'],
  ['web-2', 'cache', 'redis'],
  ['web-2', 'shop-db', 'mysql'],
  ['worker', 'shop-db', 'mysql'],
  ['worker', 'postgres-main', 'postgresql'],
  ['bastion', 'web-1', 'ssh'],
  ['bastion', 'worker', 'ssh'],
  ['web-1', 'bastion', 'dns'],
  ['web-2', 'bastion', 'dns'],
  ['external', 'web-1', 'http'],
  ['external', 'web-1', 'tls'],
  ['external', 'web-2', 'http'],
];

export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** From 0 to below 1 (mulberry32). */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  }

  below(bound: number): number {
    return Math.floor(this.next() * bound);
  }
}

export const uuid = (i: number): string => `5a7e0000-0000-4000-8000-${String(i).padStart(12, '0')}`;
export const time = (ms: number): string => new Date(ms).toISOString();
export const appPort: Readonly<Record<string, [string, number]>> = {
  http: ['tcp', 80],
  tls: ['tcp', 443],
  redis: ['tcp', 6379],
  postgresql: ['tcp', 5432],
  mysql: ['tcp', 3306],
  ssh: ['tcp', 22],
  dns: ['udp', 53],
  dhcp: ['udp', 67],
  ntp: ['udp', 123],
  icmp: ['icmp', 0],
};
export const factsOf: Readonly<Record<string, Record<string, string>>> = {
  http: { host: 'shop.example', method: 'GET', server: 'nginx' },
  tls: { sni: 'shop.example', version: 'TLS 1.3', alpn: 'h2' },
  ssh: { client: 'OpenSSH_9.2p1', server: 'OpenSSH_9.2p1' },
  dns: { query: 'shop.example' },
  postgresql: { user: 'shop', database: 'shop' },
};

export function nicOf(workload: Workload, i: number, network: string): Nic {
  const mac = `52:54:00:00:${(i >> 8).toString(16).padStart(2, '0')}:${(i & 255).toString(16).padStart(2, '0')}`;
  const address = `10.${network.length % 200}.${i >> 8}.${(i & 255) + 2}`;
  return {
    id: `${workload.id}/${mac}`,
    workload: workload.id,
    workloadName: workload.name,
    mac,
    tap: `vnet${i}`,
    source: 'network',
    network,
    portGroup: null,
    vlans: [],
    model: 'virtio',
    linkUp: true,
    bandwidth: false,
    segment: `virbr-${network}`,
    hook: 'tcx',
    reason: '',
    addresses: [
      { address, source: 'dhcp' },
      { address: `fe80::5054:ff:fe00:${i.toString(16)}`, source: 'ndp' },
    ],
    packets: [12_000, 14_000],
    bytes: [1_900_000, 12_400_000],
    lost: 0,
    protection: { state: 'off', enforcer: null, reason: '', failPolicy: 'open', frames: {} },
  };
}

export const nodeOf = (workload: Workload): GraphNode => ({
  id: workload.id,
  kind: 'vm',
  name: workload.name,
  state: workload.state,
  mode: workload.mode,
  addresses: workload.nics.flatMap((nic) => nic.addresses.map(({ address }) => address)),
});

export const other = (id: string, kind: GraphNode['kind'], name: string, addresses: string[]): GraphNode => ({
  id,
  kind,
  name,
  addresses,
});
