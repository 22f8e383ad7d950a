// Every setting of vmoat-dp: its flag, its key in the configuration file, its kind and its default.
import type { DataplaneConfig, FallbackLibrary } from '../client/addon.ts';
import type { OperatorApplication } from '../client/operator-applications.ts';
import type { ThreatSettings } from './threat-settings.ts';

export interface Settings {
  socket: string;
  pins: string;
  state: string;
  users: string[];
  tap: string[];
  ignore: string[];
  hook: NonNullable<DataplaneConfig['hook']>;
  workers: number;
  flowsMax: number;
  flowsPerNicMax: number;
  sessionsMax: number;
  openingBytes: number;
  upcallsPerSecond: number;
  upcallsBurst: number;
  heldBytesPerNicMax: number;
  ringBytes: number;
  /** The operator's own; in the file only. */
  applications: OperatorApplication[];
  /** In the file only. */
  threats: ThreatSettings;
  tcpHalfOpenTimeout: number;
  tcpEstablishedTimeout: number;
  tcpClosingTimeout: number;
  tcpClosedTimeout: number;
  unansweredTimeout: number;
  udpTimeout: number;
  icmpTimeout: number;
  otherTimeout: number;
  fragmentTimeout: number;
  fragmentsPerSourceMax: number;
  fragmentBytesMax: number;
  fragmentOverlap: NonNullable<DataplaneConfig['fragmentOverlap']>;
  vxlanPorts: number[];
  genevePorts: number[];
  gtpPorts: number[];
  enforce: boolean;
  enforcer: NonNullable<DataplaneConfig['enforcer']>;
  facts: boolean;
  fallback: FallbackLibrary;
}

export type Kind =
  | 'path'
  | 'list'
  | 'hook'
  | 'enforcer'
  | 'count'
  | 'overlap'
  | 'ports'
  | 'switch'
  | 'fallback';

export interface Setting {
  key: Exclude<keyof Settings, 'applications' | 'threats'>;
  flag: string;
  kind: Kind;
  value: string;
  describe: string;
  /** Smallest and largest count. */
  range?: readonly [number, number];
}

const U32_MAX = 2 ** 32 - 1;

const count = (
  key: Setting['key'],
  flag: string,
  describe: string,
  range: readonly [number, number],
): Setting => ({
  key,
  flag,
  kind: 'count',
  value: 'N',
  describe,
  range,
});

type Timeout = Extract<keyof Settings, `${string}Timeout`>;
const timeout = (key: Timeout, flag: string, describe: string): Setting => ({
  key,
  flag,
  kind: 'count',
  value: 'S',
  describe: `${describe}, seconds`,
  range: [1, 16_000],
});

type Ports = Extract<keyof Settings, `${string}Ports`>;
const ports = (key: Ports, flag: string, tunnel: string): Setting => ({
  key,
  flag,
  kind: 'ports',
  value: 'PORT',
  describe: `UDP ports of ${tunnel}; again for more, at most 8`,
});

export const SETTINGS: readonly Setting[] = [
  { key: 'socket', flag: 'socket', kind: 'path', value: 'PATH', describe: 'where vmoat-hostd connects' },
  {
    key: 'pins',
    flag: 'pins',
    kind: 'path',
    value: 'DIR',
    describe: 'where maps and links are pinned (bpffs)',
  },
  {
    key: 'state',
    flag: 'state',
    kind: 'path',
    value: 'DIR',
    describe: 'where what clients told is kept over a restart',
  },
  {
    key: 'users',
    flag: 'user',
    kind: 'list',
    value: 'NAME',
    describe: 'user or uid that may connect, beside root; again for more',
  },
  {
    key: 'tap',
    flag: 'tap',
    kind: 'list',
    value: 'PATTERN',
    describe: 'further interfaces to tap, beside tap devices and macvtaps; again for more',
  },
  {
    key: 'ignore',
    flag: 'ignore',
    kind: 'list',
    value: 'PATTERN',
    describe: 'interfaces never to tap; again for more',
  },
  { key: 'hook', flag: 'hook', kind: 'hook', value: 'HOOK', describe: 'automatic, tcx or clsact' },
  count('workers', 'workers', 'engine threads; 0 = one per two cores', [0, 64]),
  count('flowsMax', 'flows-max', 'entries of the kernel flow table, about 180 B each', [1024, 16_777_216]),
  count('flowsPerNicMax', 'flows-per-nic-max', 'of these, at most for one NIC', [64, 16_777_216]),
  count('sessionsMax', 'sessions-max', 'sessions of the engine, over all workers', [1024, 16_777_216]),
  count('openingBytes', 'opening-bytes', 'payload per way that a new flow sends up', [0, 65_536]),
  count('upcallsPerSecond', 'upcalls-per-second', 'events of one NIC per second', [100, U32_MAX]),
  count('upcallsBurst', 'upcalls-burst', 'events of one NIC at once', [100, U32_MAX]),
  count(
    'heldBytesPerNicMax',
    'held-bytes-per-nic-max',
    'undecided frames of one NIC that wait for a worker',
    [4096, 33_554_432],
  ),
  count('ringBytes', 'ring-bytes', 'ring to each worker, a power of two', [65_536, 1_073_741_824]),
  timeout('tcpHalfOpenTimeout', 'tcp-half-open-timeout', 'silence after a SYN without the handshake’s end'),
  timeout('tcpEstablishedTimeout', 'tcp-established-timeout', 'silence of an open TCP session'),
  timeout('tcpClosingTimeout', 'tcp-closing-timeout', 'silence after one FIN'),
  timeout('tcpClosedTimeout', 'tcp-closed-timeout', 'time for late packets after both FINs or a reset'),
  timeout('unansweredTimeout', 'unanswered-timeout', 'silence where one end alone spoke; TCP if picked up'),
  timeout('udpTimeout', 'udp-timeout', 'silence of a UDP session'),
  timeout('icmpTimeout', 'icmp-timeout', 'silence of an ICMP session'),
  timeout('otherTimeout', 'other-timeout', 'silence of other protocols'),
  timeout('fragmentTimeout', 'fragment-timeout', 'wait for a datagram’s fragments'),
  count(
    'fragmentsPerSourceMax',
    'fragments-per-source-max',
    'datagrams of one source being put together',
    [1, 8192],
  ),
  count(
    'fragmentBytesMax',
    'fragment-bytes-max',
    'fragments held by each worker, bytes',
    [65_536, 1_073_741_824],
  ),
  {
    key: 'fragmentOverlap',
    flag: 'fragment-overlap',
    kind: 'overlap',
    value: 'POLICY',
    describe: 'of overlapping fragments the first wins, or drop the datagram',
  },
  ports('vxlanPorts', 'vxlan-port', 'VXLAN and VXLAN-GPE'),
  ports('genevePorts', 'geneve-port', 'Geneve'),
  ports('gtpPorts', 'gtp-port', 'GTP-U'),
  {
    key: 'enforce',
    flag: 'enforce',
    kind: 'switch',
    value: 'on|off',
    describe: 'put NICs in protect inline; off: verdicts are only told',
  },
  {
    key: 'enforcer',
    flag: 'enforcer',
    kind: 'enforcer',
    value: 'ENFORCER',
    describe: 'automatic, splice or inplace: how a NIC is put inline',
  },
  {
    key: 'facts',
    flag: 'facts',
    kind: 'switch',
    value: 'on|off',
    describe: 'keep what parsers read off a flow: names, users, versions',
  },
  {
    key: 'fallback',
    flag: 'fallback',
    kind: 'fallback',
    value: 'LIBRARY',
    describe: 'none, or ndpi: who names what vmoat does not know',
  },
];

export const DEFAULTS: Settings = {
  socket: '/run/vmoat/dp.sock',
  pins: '/sys/fs/bpf/vmoat',
  state: '/var/lib/vmoat-dp',
  users: ['vmoat'],
  tap: [],
  ignore: [],
  hook: 'automatic',
  workers: 0,
  flowsMax: 262_144,
  flowsPerNicMax: 131_072,
  sessionsMax: 262_144,
  openingBytes: 4096,
  upcallsPerSecond: 100_000,
  upcallsBurst: 20_000,
  heldBytesPerNicMax: 8_388_608,
  ringBytes: 8_388_608,
  applications: [],
  threats: { disabled: [], thresholds: {} },
  tcpHalfOpenTimeout: 30,
  tcpEstablishedTimeout: 3600,
  tcpClosingTimeout: 120,
  tcpClosedTimeout: 3,
  unansweredTimeout: 30,
  udpTimeout: 180,
  icmpTimeout: 30,
  otherTimeout: 300,
  fragmentTimeout: 30,
  fragmentsPerSourceMax: 64,
  fragmentBytesMax: 16_777_216,
  fragmentOverlap: 'first',
  vxlanPorts: [4789, 4790, 8472],
  genevePorts: [6081],
  gtpPorts: [2152],
  enforce: true,
  enforcer: 'automatic',
  facts: true,
  fallback: 'none',
};

/** The part of the settings that the data plane itself takes. */
export function dataplaneConfig(settings: Settings): DataplaneConfig {
  const { socket: _socket, users: _users, state: _state, pins, tap, ...rest } = settings;
  return { ...rest, names: tap, pinRoot: pins };
}
