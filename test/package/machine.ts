// A Debian machine of a test's own: real systemd in a container with a network of its own, from a cached root.
import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { cache } from '../../setup/place.mjs';
import { until } from '../libvirt/private-libvirt.ts';
import { WAY_IN, WAY_OUT } from './way-out.ts';

const exec = promisify(execFile);
const SUITE = 'bookworm';
const BARE = ['systemd', 'systemd-sysv', 'dbus', 'libpam-systemd', 'iproute2', 'procps', 'nodejs'];
const HOST = [
  ...[...BARE, 'libvirt-daemon-system', 'libvirt-clients', 'libvirt-dbus'],
  ...['libbpf1', 'libmnl0', 'libmbedcrypto7', 'nftables'],
];
/** What a machine has before the test: `host`, libvirt; `guests`, QEMU too; `bare`, only what the README asks for. */
const PACKAGES = {
  host: HOST,
  guests: [...HOST, 'qemu-system-x86', 'seabios', 'ipxe-qemu', 'tcpdump'],
  bare: [...BARE, 'git', 'npm', 'ca-certificates'],
} as const;
export type MachineKind = keyof typeof PACKAGES;

/** A bare one needs the package registries, see openWayOut. */
const NETWORK = {
  host: ['--private-network'],
  guests: ['--private-network'],
  bare: [`--network-veth-extra=${WAY_OUT}:${WAY_IN}`, '--resolv-conf=copy-host'],
} as const;

/** What the payload of a KVM host needs beyond a container's usual rights. */
const RIGHTS = ['--capability=all', '--system-call-filter=bpf perf_event_open', '--bind=/dev/net/tun'];

/** Guests may use whatever file the test made; cgroups are not the machine's own. */
const QEMU_CONF = `cgroup_controllers = [ ]
user = "root"
group = "root"
security_driver = "none"
stdio_handler = "file"
`;

export interface Machine {
  root: string;
  /** A folder that has the same path inside. */
  shared: string;
  /** Runs a command inside; rejects with its stderr. */
  run(command: string, ...args: string[]): Promise<string>;
  /** Enters it: in front of a command. */
  enter: string[];
  stop(): Promise<void>;
}

/** Boots one (about 5 s; the first time a root is made, about 40 s). */
export async function bootMachine(kind: MachineKind = 'host'): Promise<Machine> {
  const root = mkdtempSync(join(cache, 'machine-'));
  execFileSync('tar', ['-xf', await rootArchive(kind), '-C', root]);
  mkdirSync(join(root, 'etc/libvirt'), { recursive: true });
  writeFileSync(join(root, 'etc/libvirt/qemu.conf'), QEMU_CONF);
  mkdirSync(sharedOf(root));
  const shared = `--bind=${sharedOf(root)}`;
  const options = ['--register=no', '--keep-unit', ...NETWORK[kind], shared, '--quiet', ...RIGHTS, '-b'];
  const container = spawn('systemd-nspawn', ['-D', root, ...options], { stdio: 'ignore' });
  const machine: Machine = {
    root,
    shared: sharedOf(root),
    run: runIn(container),
    get enter() {
      return enterOf(container);
    },
    stop: () => stop(container, root),
  };
  try {
    await booted(machine);
    return machine;
  } catch (error) {
    await machine.stop();
    throw error;
  }
}

const sharedOf = (root: string): string => join(root, 'shared');

async function booted({ run }: Machine): Promise<void> {
  const state = () =>
    run('systemctl', 'is-system-running').catch((error: { stdout?: string }) => error.stdout ?? '');
  await until('systemd is up', async () => /running|degraded/.test(await state()), 60_000);
  const bpf = 'mount -o remount,rw /sys && mkdir -p /sys/fs/bpf && mount -t bpf bpf /sys/fs/bpf';
  await run('sh', '-c', bpf);
}

/** The container's first process is the only child of systemd-nspawn. */
const firstProcess = ({ pid }: ChildProcess): string =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ')[0] ?? '';

const enterOf = (container: ChildProcess): string[] => [
  ...['setsid', '-w', 'nsenter', '-t', firstProcess(container), '-a', '--'],
];

const runIn =
  (container: ChildProcess) =>
  async (command: string, ...args: string[]): Promise<string> => {
    const [program = '', ...enter] = enterOf(container);
    const env = { PATH: process.env.PATH, LC_ALL: 'C' };
    return (await exec(program, [...enter, command, ...args], { timeout: 60_000, env })).stdout;
  };

async function stop(container: ChildProcess, root: string): Promise<void> {
  // a killed systemd-nspawn takes nothing with it; the first process takes all others, and nspawn ends
  const first = container.exitCode === null ? Number(firstProcess(container)) : 0;
  if (first > 0) process.kill(first, 'SIGKILL');
  else container.kill('SIGKILL');
  await until('the container is gone', () => container.exitCode !== null || container.signalCode !== null);
  rmSync(root, { recursive: true, force: true });
}

/** The root's archive; made where it is not there yet. */
export async function rootArchive(kind: MachineKind): Promise<string> {
  const hash = createHash('sha256').update(`${SUITE} ${PACKAGES[kind]}`).digest('hex').slice(0, 12);
  const archive = join(cache, `machine-root-${hash}.tar`);
  if (existsSync(archive)) return archive;
  mkdirSync(cache, { recursive: true });
  const include = `--include=${PACKAGES[kind].join(',')}`;
  const lean = ['--aptopt=APT::Install-Recommends "false"', '--dpkgopt=force-unsafe-io'];
  const unfinished = `${archive}.${process.pid}.tar`;
  await exec('mmdebstrap', ['--mode=root', '--variant=apt', ...lean, include, SUITE, unfinished], {
    maxBuffer: 64 << 20,
  });
  renameSync(unfinished, archive);
  return archive;
}
