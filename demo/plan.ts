// The demo's networks and guests: who serves what, and who talks to whom.
// Two tenants use the same 10.0.0.0/24, web and shop even the same address.

export const PREFIX = 'vmoat-demo-';

export interface NetworkPlan {
  name: string;
  /** nat: the host routes and serves DHCP there; isolated: no address of the host. */
  kind: 'nat' | 'isolated';
}

export interface GuestPlan {
  name: string;
  /** three letters, for the names of its taps (at most 15 bytes): vmoat-demo-web0 */
  short: string;
  title: string;
  memoryMiB: number;
  nics: { network: string /** CIDR, or from the network's DHCP */; address: string | 'dhcp' }[];
  run: Service[];
  /** as service:address */
  talk: string[];
}

export type Service = 'nginx' | 'redis' | 'postgresql' | 'mysql' | 'ssh' | 'dns' | 'ntp';

export const networks: readonly NetworkPlan[] = [
  { name: `${PREFIX}blue`, kind: 'isolated' },
  { name: `${PREFIX}red`, kind: 'isolated' },
  { name: `${PREFIX}nat`, kind: 'nat' },
];

const blue = (address: string) => ({ network: `${PREFIX}blue`, address });
const red = (address: string) => ({ network: `${PREFIX}red`, address });
const nat = { network: `${PREFIX}nat`, address: 'dhcp' };

/** Servers first: a client that starts before its server only waits longer. */
export const guests: readonly GuestPlan[] = [
  {
    name: `${PREFIX}postgres`,
    short: 'pgs',
    title: 'blue: PostgreSQL',
    memoryMiB: 192,
    nics: [blue('10.0.0.30/24')],
    run: ['postgresql'],
    talk: [],
  },
  {
    name: `${PREFIX}mariadb`,
    short: 'mdb',
    title: 'red: MariaDB',
    memoryMiB: 224,
    nics: [red('10.0.0.20/24')],
    run: ['mysql'],
    talk: [],
  },
  {
    name: `${PREFIX}infra`,
    short: 'inf',
    title: 'blue: DNS, DHCP, NTP and SSH',
    memoryMiB: 128,
    nics: [blue('10.0.0.2/24'), nat],
    run: ['dns', 'ssh', 'ntp'],
    talk: [],
  },
  {
    name: `${PREFIX}redis`,
    short: 'rds',
    title: 'blue: Redis',
    memoryMiB: 128,
    nics: [blue('10.0.0.20/24')],
    run: ['redis'],
    talk: ['dns:10.0.0.2'],
  },
  {
    name: `${PREFIX}web`,
    short: 'web',
    title: 'blue: web server, uses Redis and PostgreSQL',
    memoryMiB: 160,
    nics: [blue('10.0.0.10/24')],
    run: ['nginx'],
    talk: ['redis:10.0.0.20', 'counter:10.0.0.20', 'postgresql:10.0.0.30'],
  },
  {
    name: `${PREFIX}shop`,
    short: 'shp',
    title: "red: web server with web's own address, uses MariaDB",
    memoryMiB: 160,
    nics: [red('10.0.0.10/24')],
    run: ['nginx'],
    talk: ['mysql:10.0.0.20'],
  },
  {
    name: `${PREFIX}client`,
    short: 'cli',
    title: 'blue: a client with leased addresses',
    memoryMiB: 160,
    nics: [blue('dhcp'), nat],
    run: [],
    talk: ['dhcp:eth0', 'http:10.0.0.10', 'tls:10.0.0.10', 'dns:10.0.0.2', 'ssh:10.0.0.2', 'ntp:10.0.0.2'],
  },
  {
    name: `${PREFIX}buyer`,
    short: 'buy',
    title: 'red: a client of the shop',
    memoryMiB: 128,
    nics: [red('10.0.0.50/24')],
    run: [],
    talk: ['http:10.0.0.10'],
  },
];
