// A whole hostd for tests: the real daemon on a real socket, dp.sock served by vmoat-dp's own server with given
// records, and a libvirt of plain maps.
import { mkdtempSync, rmSync } from 'node:fs';
import type { Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  ADDRESS_RECORD_BYTES,
  FLOW_RECORD_BYTES,
  NAME_RECORD_BYTES,
  THREAT_RECORD_BYTES,
} from '../../dp/client/layout.ts';
import type {
  DpStatus,
  Links,
  NicProtection,
  Nics,
  Segments,
  TappedNic,
} from '../../dp/contract/protocol.ts';
import { PROTOCOL_VERSION } from '../../dp/contract/protocol.ts';
import { Hub } from '../../dp/service/hub.ts';
import { listen } from '../../dp/service/server.ts';
import { adminSocket } from '../../hostd/base/admin-socket.ts';
import { silentLog } from '../../hostd/base/log.ts';
import { type Config, ConfigSchema } from '../../hostd/config/schema.ts';
import { type Daemon, startDaemon } from '../../hostd/daemon.ts';
import { domainOf, FakeLibvirt } from '../../libvirt-watch/fake-libvirt.ts';
import type { Bus, BusListener, BusSession } from '../../libvirt-watch/types.ts';
import { UNPROTECTED } from '../../topology/fixture.ts';
import { mapped } from '../wire/flow-batch.ts';

export { until } from './until.ts';

import {
  type NameFields,
  nameBytes,
  type RecordFields,
  recordBytes,
  registry,
  type ThreatFields,
  threatBytes,
  threatKinds,
} from './records.ts';

export const WEB = '11111111-1111-4111-8111-111111111111';
export const DB = '22222222-2222-4222-8222-222222222222';
export const OFF = '33333333-3333-4333-8333-333333333333';

/** MAC → tap and slot of the VM's NIC. */
const NICS = [
  { uuid: WEB, mac: '52:54:00:00:00:01', tap: 'vnet1', slot: 1, address: [10, 0, 0, 1] },
  { uuid: DB, mac: '52:54:00:00:00:02', tap: 'vnet2', slot: 2, address: [10, 0, 0, 2] },
] as const;
const NIC_LOST_NOTHING = { ring: 0, budget: 0, table: 0, quota: 0, read: 0 };
export const NO_LOSS = {
  ...NIC_LOST_NOTHING,
  ...{ sessions: 0, fallback: 0, names: 0, threats: 0, held: 0, records: 0 },
};
const SINCE = '2026-11-20T11:00:00.000Z';

/** Names the taps, which the maps of libvirt-watch's tests leave out. */
class Libvirt implements Bus {
  readonly maps = new FakeLibvirt();

  async connect(listener: BusListener): Promise<BusSession> {
    const session = await this.maps.connect(listener);
    return { close: () => session.close(), call: async (call) => (await session.call(call)).map(withTaps) };
  }
}

const withTaps = (answer: unknown): unknown => {
  if (typeof answer !== 'string') return answer;
  const tap = NICS.find((nic) => answer.includes(`<mac address='${nic.mac}'/>`))?.tap;
  return tap ? answer.replace('</interface>', `<target dev='${tap}'/></interface>`) : answer;
};

export class House {
  readonly folder: string = mkdtempSync(join(tmpdir(), 'hos-house-'));
  readonly libvirt = new Libvirt();
  readonly config: Config;
  daemon: Daemon | null = null;
  hub = new Hub('', () => undefined);
  #server: Server | null = null;
  #protection: NicProtection = UNPROTECTED;
  #instance = 0;

  constructor(change: (config: Config) => void = () => undefined) {
    this.config = ConfigSchema.parse({
      stateDir: join(this.folder, 'state'),
      sockets: { api: join(this.folder, 'api.sock'), dataplane: join(this.folder, 'dp.sock') },
      web: { listen: '127.0.0.1:0' },
    });
    change(this.config);
    const { domains } = this.libvirt.maps;
    domains.set(WEB, domainOf('web-1', { macs: ['52:54:00:00:00:01'] }));
    domains.set(DB, domainOf('db\u009b31m-1', { macs: ['52:54:00:00:00:02'] }));
    domains.set(OFF, domainOf('off-1', { macs: ['52:54:00:00:00:03'], state: 5 }));
  }

  async open(): Promise<void> {
    await this.openDataplane();
    await this.openDaemon();
  }

  async openDaemon(): Promise<void> {
    this.daemon = await startDaemon(this.config, silentLog, this.libvirt);
  }

  /** Another instance of vmoat-dp, with the same NICs. */
  async openDataplane(): Promise<void> {
    const instance = `dp${++this.#instance}-test`;
    this.hub = new Hub(instance, () => undefined);
    const own = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
    this.#server = await listen(
      {
        path: this.config.sockets.dataplane,
        accounts: [own],
        welcome: {
          protocol: PROTOCOL_VERSION,
          version: '0.0.0-test',
          layout: 1,
          instance,
          startedAt: SINCE,
          pid: process.pid,
          registry,
          threats: threatKinds,
          flowRecordBytes: FLOW_RECORD_BYTES,
          addressRecordBytes: ADDRESS_RECORD_BYTES,
          fallback: { library: 'ndpi', reason: 'not there' },
          nameRecordBytes: NAME_RECORD_BYTES,
          threatRecordBytes: THREAT_RECORD_BYTES,
        },
        peerCredentials: () => ({ pid: process.pid, ...own }),
        inventory: () => undefined,
        policy: () => undefined,
      },
      this.hub,
      () => undefined,
    );
    this.#tellTables();
  }

  /** What a kill does: the connections end. */
  async closeDataplane(): Promise<void> {
    const server = this.#server;
    this.hub.close();
    await new Promise((done) => server?.close(done) ?? done(null));
  }

  flows(...flows: RecordFields[]): void {
    this.hub.take('flows', recordBytes(...flows));
  }

  threats(...threats: ThreatFields[]): void {
    this.hub.take('threats', threatBytes(...threats));
  }

  names(...names: NameFields[]): void {
    this.hub.take('names', nameBytes(...names));
  }

  /** The socket of root. */
  get admin(): string {
    return adminSocket(this.config.sockets.api);
  }

  /** Both VMs' addresses, as ARP would teach them. */
  addresses(): void {
    this.hub.take('addresses', Buffer.concat(NICS.map(addressBytes)));
  }

  status(change: Partial<Omit<DpStatus, 'at' | 'use' | 'caughtUp'>> = {}): void {
    this.hub.take('status', {
      workers: [{ worker: 0, events: 5, heartbeatAgeMs: 3 }],
      flows: { kernel: 4, kernelMax: 1000, sessions: 2, sessionsMax: 1000, pickedUp: 1 },
      frames: 100,
      records: 10,
      retold: 1,
      lost: NO_LOSS,
      anomalies: {},
      threats: {},
      enforces: false,
      panic: null,
      tapToPolicy: { nics: 0, sumMs: 0, maxMs: 0 },
      ...change,
    });
  }

  /** What carries verdicts out at both NICs from now on. */
  protection(change: Partial<NicProtection>): void {
    this.#protection = { ...UNPROTECTED, ...change };
    this.#tellNics();
  }

  async close(): Promise<void> {
    await this.daemon?.stop();
    await this.closeDataplane();
    rmSync(this.folder, { recursive: true, force: true });
  }

  #tellTables(): void {
    const links: Links = { generation: 1, links: [bridge, ...NICS.map(link)] };
    const segments: Segments = {
      generation: 1,
      segments: [{ segment: 1, netns: 'host', link: 'br0', ifindex: 10, vlan: 0 }],
    };
    this.hub.take('links', links);
    this.hub.take('segments', segments);
    this.#tellNics();
  }

  #tellNics(): void {
    const nics = NICS.map((nic) => ({ ...tapped(nic), protection: this.#protection }));
    this.hub.take('nics', { generation: 1, nics } satisfies Nics);
  }
}

type GuestNic = (typeof NICS)[number];
const plain = { netns: 'host', mtu: 1500, up: true, lower: 0, id: 0, addresses: [] as string[] };
/** The host has an address in it, so that what nobody owns is outside. */
const bridge = {
  ...plain,
  addresses: ['10.0.0.254/24'],
  ifindex: 10,
  name: 'br0',
  kind: 'bridge',
  mac: 'fe:00:00:00:00:10',
  master: 0,
};
const hostMac = (mac: string): string => mac.replace('52', 'fe');

const link = ({ tap, slot, mac }: GuestNic) => ({
  ...plain,
  ifindex: 10 + slot,
  name: tap,
  kind: 'tun',
  mac: hostMac(mac),
  master: 10,
});

const tapped = ({ tap, slot, mac }: GuestNic): TappedNic => ({
  slot,
  ifindex: 10 + slot,
  tap,
  mac: hostMac(mac),
  netns: 'host',
  segment: 1,
  hook: 'tcx',
  reason: '',
  since: SINCE,
  packets: [10, 20],
  bytes: [1000, 2_500_000],
  lost: NIC_LOST_NOTHING,
  protection: UNPROTECTED,
});

/** An AddressRecord of records.h: address, mac, slot, segment, source (1 = ARP). */
function addressBytes({ address, mac, slot }: GuestNic): Buffer {
  const record = Buffer.alloc(40);
  record.set(mapped(address[0], address[1], address[2], address[3]), 0);
  record.set(Buffer.from(mac.replaceAll(':', ''), 'hex'), 16);
  record.writeUInt16LE(slot, 22);
  record.writeUInt32LE(1, 24);
  record.writeUInt8(1, 28);
  record.writeBigInt64LE(BigInt(Date.now()) * 1_000_000n, 32);
  return record;
}
