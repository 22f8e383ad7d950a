// A whole libvirt of a test's own: libvirtd, message bus, libvirt-dbus and every guest live in private mount,
// network and PID namespaces, touch nothing of the host's libvirt, and die with the test whatever happens.
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import {
  chmodSync,
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

const exec = promisify(execFile);

/** A process of the stack by the name the kernel knows it by. */
export type Part = 'libvirtd' | 'libvirt-dbus' | 'dbus-daemon' | 'qemu-system-x86';

export interface PrivateOptions {
  /** Inside a D-Bus `<busconfig>`: further policies, e.g. those for an unprivileged user. */
  busPolicy?: string;
  /** Lines of qemu.conf. */
  qemuConf?: string;
  /** A script for hooks/qemu.d; libvirtd looks for hooks when it starts. */
  qemuHook?: (root: string) => string;
}

export interface PrivateLibvirt {
  /** Reachable from outside of the namespaces, too. */
  busAddress: string;
  /** Directory of the instance: bus/, etc/, run/, lib/, log/ (also what the daemons print), cache/, images/ */
  root: string;
  /** `nsenter …` that runs a command inside all three namespaces. */
  enter: string[];
  /** Runs a command inside; rejects with its stderr. */
  run(command: string, ...args: string[]): Promise<string>;
  virsh(...args: string[]): Promise<string>;
  /** Writes the XML to a file and hands that to `virsh VERB FILE`. */
  virshXml(verb: string, xml: string, ...args: string[]): Promise<string>;
  pids(part: string): number[];
  /** Signals the part and waits until it is gone (not for SIGSTOP and SIGCONT). */
  kill(part: Part, signal?: NodeJS.Signals): Promise<void>;
  /** Starts a part that is not running and waits until it answers; libvirt-dbus is started by its bus. */
  start(part: 'libvirtd' | 'dbus-daemon'): Promise<void>;
  stop(): Promise<void>;
}

const directories = ['bus', 'etc', 'run/libvirt', 'run/lock', 'lib', 'log', 'cache', 'images', 'services'];

// A host UUID of its own: guests may then be migrated from one instance to another.
const libvirtdConf = () => `host_uuid = "${randomUUID()}"
auth_unix_rw = "none"
auth_unix_ro = "none"
unix_sock_rw_perms = "0777"
`;
// root and no confinement, so that guests may use whatever file a test made; no cgroups, since the host's
// are not the instance's; plain log files, since there is no virtlogd.
const qemuConf = `user = "root"
group = "root"
security_driver = "none"
namespaces = [ ]
cgroup_controllers = [ ]
stdio_handler = "file"
`;
const busConf = (root: string, policy: string) => `<busconfig>
  <listen>unix:path=${root}/bus/socket</listen>
  <auth>EXTERNAL</auth>
  <servicedir>${root}/services</servicedir>
  <policy context="default">
    <allow user="*"/>
    <deny own="*"/>
    <deny send_type="method_call"/>
    <allow send_type="signal"/>
    <allow send_requested_reply="true" send_type="method_return"/>
    <allow send_requested_reply="true" send_type="error"/>
    <allow receive_type="method_call"/>
    <allow receive_type="method_return"/>
    <allow receive_type="error"/>
    <allow receive_type="signal"/>
    <allow send_destination="org.freedesktop.DBus" send_interface="org.freedesktop.DBus"/>
  </policy>
  <policy user="root"><allow own="org.libvirt"/><allow send_destination="org.libvirt"/></policy>
  ${policy}
</busconfig>
`;
const service = `[D-BUS Service]
Name=org.libvirt
Exec=/usr/sbin/libvirt-dbus --system
`;

// SIGCHLD ignored: the kernel then reaps the daemons that lose their parent, and libvirt sees them end.
const init = `set -e
mount --make-rprivate /
mount --bind "$1/run" /run
mount --bind "$1/etc" /etc/libvirt
mount --bind "$1/lib" /var/lib/libvirt
mount --bind "$1/log" /var/log/libvirt
mount --bind "$1/cache" /var/cache/libvirt
mount -t sysfs sysfs /sys
mount -t bpf bpf /sys/fs/bpf 2>/dev/null || true
ip link set lo up
echo ready
exec env --ignore-signal=CHLD sleep infinity
`;

/** Why the stack cannot be started here; null where it can. With VMOAT_REQUIRE=all a test tries, and fails, all the same. */
export function whyNoPrivateLibvirt(): string | null {
  if (process.env.VMOAT_REQUIRE === 'all') return null;
  if (process.getuid?.() !== 0) return 'needs root';
  const programs = ['/usr/sbin/libvirtd', '/usr/sbin/libvirt-dbus', '/usr/bin/dbus-daemon', '/usr/bin/virsh'];
  const missing = programs.find((program) => !existsSync(program));
  return missing ? `needs ${missing}` : null;
}

/** Starts the stack (about 1 s). Needs root, libvirt, libvirt-dbus, dbus. Rejects after having cleaned up. */
export async function startPrivateLibvirt(options: PrivateOptions = {}): Promise<PrivateLibvirt> {
  const root = makeRoot(options);
  const holder = spawn(
    'setpriv',
    [
      ...'--pdeathsig KILL unshare --mount --net --pid --fork --kill-child --mount-proc sh -c'.split(' '),
      init,
    ].concat('init', root),
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  const instance = new Instance(root, holder);
  try {
    await instance.begin();
    return instance;
  } catch (error) {
    await instance.stop();
    throw error;
  }
}

function makeRoot(options: PrivateOptions): string {
  const root = mkdtempSync(join(tmpdir(), 'pri-libvirt-'));
  for (const name of directories) mkdirSync(join(root, name), { recursive: true, mode: 0o755 });
  // dnsmasq gives up root and still has to reach its files below.
  for (const name of ['', 'lib', 'run']) chmodSync(join(root, name), 0o755);
  writeFileSync(join(root, 'etc/libvirtd.conf'), libvirtdConf());
  writeFileSync(join(root, 'etc/qemu.conf'), qemuConf + (options.qemuConf ?? ''));
  if (options.qemuHook) {
    mkdirSync(join(root, 'etc/hooks/qemu.d'), { recursive: true });
    writeFileSync(join(root, 'etc/hooks/qemu.d/vmoat'), options.qemuHook(root), { mode: 0o755 });
  }
  writeFileSync(join(root, 'bus/bus.conf'), busConf(root, options.busPolicy ?? ''));
  writeFileSync(join(root, 'services/org.libvirt.service'), service);
  return root;
}

class Instance implements PrivateLibvirt {
  readonly busAddress: string;
  readonly root: string;
  enter: string[] = [];
  private readonly holder: ChildProcess;
  private readonly daemons: ChildProcess[] = [];
  private namespace = '';
  /** The namespace's first process, seen from outside. */
  private first = 0;
  private stopped = false;

  constructor(root: string, holder: ChildProcess) {
    this.root = root;
    this.holder = holder;
    this.busAddress = `unix:path=${root}/bus/socket`;
  }

  async begin(): Promise<void> {
    await firstOutput(this.holder);
    this.first = childOf(this.holder.pid ?? 0);
    this.namespace = readlinkSync(`/proc/${this.first}/ns/pid`);
    this.enter = ['nsenter', '-t', String(this.first), '-m', '-n', '-p', '--'];
    await this.start('dbus-daemon');
    await this.start('libvirtd');
  }

  async run(command: string, ...args: string[]): Promise<string> {
    const [nsenter = '', ...rest] = this.enter;
    const environment = { ...process.env, DBUS_SYSTEM_BUS_ADDRESS: this.busAddress, LC_ALL: 'C' };
    const { stdout } = await exec(nsenter, [...rest, command, ...args], {
      env: environment,
      timeout: 60_000,
      maxBuffer: 64 << 20,
    });
    return stdout;
  }

  virsh(...args: string[]): Promise<string> {
    return this.run('virsh', '-q', ...args);
  }

  async virshXml(verb: string, xml: string, ...args: string[]): Promise<string> {
    const file = join(mkdtempSync(join(this.root, 'images/xml-')), 'a.xml');
    writeFileSync(file, xml);
    return verb.includes('device')
      ? this.virsh(verb, ...args.slice(0, 1), file, ...args.slice(1))
      : this.virsh(verb, file, ...args);
  }

  pids(part: string): number[] {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map(Number)
      .filter((pid) => isPart(pid, part, this.namespace));
  }

  async kill(part: Part, signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    const pids = this.pids(part);
    if (pids.length === 0) throw new Error(`${part} does not run`);
    for (const pid of pids) process.kill(pid, signal);
    // nsenter stops along with the process that it waits for, but does not go on by itself.
    if (signal === 'SIGCONT') for (const daemon of this.daemons) daemon.kill('SIGCONT');
    if (signal === 'SIGSTOP' || signal === 'SIGCONT') return;
    await until(`${part} is gone`, () => pids.every((pid) => !this.pids(part).includes(pid)));
  }

  async start(part: 'libvirtd' | 'dbus-daemon'): Promise<void> {
    if (part === 'dbus-daemon') {
      rmSync(join(this.root, 'bus/socket'), { force: true });
      this.spawnInside('dbus-daemon', `--config-file=${this.root}/bus/bus.conf`, '--nofork', '--nopidfile');
      await until('the bus answers', () => this.answers('dbus-send', `--bus=${this.busAddress}`, ...ping));
    } else {
      this.spawnInside('libvirtd');
      await until('libvirtd answers', () => this.answers('virsh', '-q', 'uri'));
    }
  }

  async stop(): Promise<void> {
    if (this.stopped) return;
    this.stopped = true;
    // The end of its first process takes the whole PID namespace with it. unshare and nsenter stay to collect
    // their children; where they have been stopped along with one, they must go on for that.
    if (this.first === 0 || this.holder.exitCode !== null) this.holder.kill('SIGKILL');
    else process.kill(this.first, 'SIGKILL');
    for (const daemon of this.daemons) daemon.kill('SIGCONT');
    await until('the namespace is empty', () => this.namespace === '' || this.pids('').length === 0);
    for (const child of [this.holder, ...this.daemons]) child.kill('SIGKILL');
    rmSync(this.root, { recursive: true, force: true });
  }

  private spawnInside(command: string, ...args: string[]): void {
    const [nsenter = '', ...rest] = this.enter;
    const environment = { ...process.env, DBUS_SYSTEM_BUS_ADDRESS: this.busAddress };
    const log = openSync(join(this.root, 'log', `${command}.out`), 'a');
    this.daemons.push(
      spawn(nsenter, [...rest, command, ...args], { stdio: ['ignore', log, log], env: environment }),
    );
    closeSync(log);
  }

  private async answers(command: string, ...args: string[]): Promise<boolean> {
    return this.run(command, ...args).then(
      () => true,
      () => false,
    );
  }
}

const ping = '--print-reply --dest=org.freedesktop.DBus / org.freedesktop.DBus.GetId'.split(' ');

/** Waits until `condition` holds, well beyond what it usually takes on a machine of its own; throws what it waited for. */
export async function until(
  what: string,
  condition: () => boolean | Promise<boolean>,
  usually_ms = 20_000,
): Promise<void> {
  const limit_ms = Math.max(60_000, 5 * usually_ms);
  const end = Date.now() + limit_ms;
  while (!(await condition())) {
    if (Date.now() > end) throw new Error(`not within ${limit_ms} ms: ${what}`);
    await sleep(20);
  }
}

/** Waits until the assertions hold; in the end throws what the last of them said. */
export async function eventually(assertions: () => Promise<void>): Promise<void> {
  for (const end = Date.now() + 60_000; ; await sleep(100))
    try {
      return await assertions();
    } catch (error) {
      if (Date.now() > end) throw error;
    }
}

function firstOutput(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let complaint = '';
    child.stdout?.once('data', () => resolve());
    child.stderr?.on('data', (data: Buffer) => {
      complaint += data.toString();
    });
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`private namespaces: exit ${code}: ${complaint.trim()}`)));
  });
}

function childOf(pid: number): number {
  const [child = ''] = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ');
  if (child === '') throw new Error(`process ${pid} has no child`);
  return Number(child);
}

function isPart(pid: number, part: string, namespace: string): boolean {
  try {
    if (readlinkSync(`/proc/${pid}/ns/pid`) !== namespace) return false;
    return part === '' || readFileSync(`/proc/${pid}/comm`, 'utf8').trim() === part;
  } catch {
    return false; // it ended meanwhile
  }
}
