// A guest with Debian 12's own kernel (6.1) that runs test programs as its init and says how they ended.
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import type { TestContext } from 'node:test';
import { promisify } from 'node:util';

const run = promisify(execFile);
const BUILD = process.env.VMOAT_BUILD ?? 'build/release';
const OVS_DPCTL = '/usr/bin/ovs-dpctl';
/** Programs of the host that tests run. */
const TOOLS = ['/usr/sbin/tc', '/usr/sbin/ip', '/usr/sbin/bridge', '/usr/bin/nstat'];

const MODULES = [
  ...['tun', 'veth', 'bridge', 'macvtap', 'sch_ingress', 'cls_bpf', 'cls_u32'],
  ...['8021q', 'vxlan', 'crc32c_generic', 'openvswitch'], // crc32c_generic for openvswitch, which finds it by name
  ...['sch_htb', 'sch_sfq', 'cls_fw', 'act_police'], // libvirt's <bandwidth>
];
const LIMIT_MS = 420_000; // for one that hangs

interface GuestRun {
  /** Exit code of each program, in order; missing where the guest died. */
  codes: (number | undefined)[];
  output: string;
  kernel: string;
}

/** The newest 6.1 kernel of Debian on this machine: its release. */
async function findKernel(): Promise<string> {
  const names = (await readdir('/boot')).filter((name) => name.startsWith('vmlinuz-6.1.'));
  const newest = names.sort().at(-1);
  if (!newest) throw new Error('no /boot/vmlinuz-6.1*: apt-get install linux-image-amd64');
  return newest.slice('vmlinuz-'.length);
}

async function librariesOf(program: string): Promise<string[]> {
  const { stdout } = await run('ldd', [program]);
  return [...stdout.matchAll(/(\/\S+) \(0x/g)].flatMap((match) => match[1] ?? []);
}

async function copyInto(root: string, file: string): Promise<void> {
  const to = join(root, file);
  await mkdir(dirname(to), { recursive: true });
  await copyFile(file, to);
}

/** A module and what it needs, in the order of loading. */
async function moduleFiles(release: string, names: readonly string[]): Promise<string[]> {
  const tree = `/lib/modules/${release}`;
  const lines = (await readFile(join(tree, 'modules.dep'), 'utf8')).split('\n');
  const files = names.flatMap((name) => {
    const line = lines.find((one) => one.split(':')[0]?.endsWith(`/${name}.ko`));
    if (!line) throw new Error(`kernel ${release} has no module ${name}`);
    return line.replace(':', '').trim().split(' ').reverse();
  });
  return [...new Set(files)].map((file) => join(tree, file));
}

function initScript(modules: readonly string[], commands: readonly string[]): string {
  const runs = commands.map((command, index) => `${command}\necho "vmoat-guest ${index} $?"`);
  return `#!/bin/busybox sh
/bin/busybox --install -s /bin
ln -sf dash /bin/sh
mount -t proc proc /proc; mount -t sysfs sys /sys; mount -t devtmpfs dev /dev
export PATH=/usr/sbin:/bin:/sbin VMOAT_REQUIRE=all VMOAT_DEBIAN_KERNEL=1
${modules.map((file) => `insmod ${file}`).join('\n')}
echo "vmoat-kernel $(uname -r)"
ip link set lo up
# The kernel's code for ingress and egress hooks stays switched on: to switch it, one CPU patches instructions that
# the other one runs, and under TCG both may meet the breakpoint of it for ever.
ip link add name switch type veth peer name switched && /usr/sbin/tc qdisc add dev switch clsact
${runs.join('\n')}
poweroff -f
`;
}

async function makeInitramfs(
  root: string,
  release: string,
  programs: readonly string[],
  commands: readonly string[],
) {
  const modules = await moduleFiles(release, MODULES);
  await mkdir(join(root, 'bin'), { recursive: true });
  await copyFile('/usr/bin/busybox', join(root, 'bin/busybox'));
  for (const directory of ['proc', 'sys', 'dev', 'tmp', 'sbin', 'run', 'var'])
    await mkdir(join(root, directory), { recursive: true });
  for (const program of [...TOOLS, ...programs]) {
    for (const file of await librariesOf(program)) await copyInto(root, file);
    await mkdir(join(root, 'usr/sbin'), { recursive: true });
    await copyFile(program, join(root, 'usr/sbin', basename(program)));
  }
  // the shell of busybox would take its own tc and ip, whatever PATH says
  await copyFile('/bin/dash', join(root, 'bin/dash'));
  for (const file of modules) await copyInto(root, file);
  await writeFile(join(root, 'init'), initScript(modules, commands), { mode: 0o755 });
  const image = `${root}.cpio.gz`;
  await run('sh', ['-c', `cd ${root} && find . | cpio -o -H newc --quiet | gzip -1 > ${image}`]);
  return image;
}

function boot(kernel: string, image: string, limitMs: number): Promise<string> {
  const args = [
    '-machine',
    'q35,accel=tcg',
    '-cpu',
    'max',
    '-smp',
    '2',
    '-m',
    '1024',
    '-nodefaults',
    '-display',
    'none',
    '-no-reboot',
    '-serial',
    'stdio',
    '-kernel',
    `/boot/vmlinuz-${kernel}`,
    '-initrd',
    image,
    '-append',
    'console=ttyS0 quiet panic=-1 mitigations=off',
  ];
  return new Promise((resolve, reject) => {
    const guest = spawn('qemu-system-x86_64', args, { stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    const limit = setTimeout(() => guest.kill('SIGKILL'), limitMs);
    for (const stream of [guest.stdout, guest.stderr])
      stream.on('data', (chunk) => (output += String(chunk)));
    guest.on('error', reject);
    guest.on('close', () => {
      clearTimeout(limit);
      resolve(output);
    });
  });
}

/** Boots the guest with these programs (paths on the host, by name in the guest) and runs the commands. */
async function runInGuest(
  programs: readonly string[],
  commands: readonly string[],
  limitMs = LIMIT_MS,
): Promise<GuestRun> {
  const kernel = await findKernel();
  const scratch = await mkdtemp(join(tmpdir(), 'vmoat-kernel61-'));
  try {
    const image = await makeInitramfs(join(scratch, 'root'), kernel, programs, commands);
    const output = await boot(kernel, image, limitMs);
    const codes = commands.map((_, index) => {
      const match = output.match(new RegExp(`vmoat-guest ${index} (\\d+)`));
      return match ? Number(match[1]) : undefined;
    });
    return { codes, output, kernel: output.match(/vmoat-kernel (\S+)/)?.[1] ?? 'none' };
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

async function missing(programs: readonly string[]): Promise<string | undefined> {
  for (const program of [...programs, '/usr/bin/qemu-system-x86_64'])
    if (!existsSync(program)) return `${program} is not there`;
  return findKernel().then(
    () => undefined,
    (error: Error) => error.message,
  );
}

/** Runs commands of test programs (`capture_test …`) in one guest: all of them must succeed there. */
export async function succeedInGuest(
  t: TestContext,
  commands: readonly string[],
  limitMs = LIMIT_MS,
): Promise<void> {
  const tests = commands.map((command) => command.match(/\b\w+_test\b/)?.[0] ?? assert.fail(command));
  const programs = [...[...new Set(tests)].map((name) => join(BUILD, name)), OVS_DPCTL];
  const reason = await missing(programs);
  if (reason && process.env.VMOAT_REQUIRE !== 'all') return t.skip(reason);
  assert.equal(reason, undefined);
  const guest = await runInGuest(programs, commands, limitMs);
  assert.match(guest.kernel, /^6\.1\./);
  assert.deepEqual(
    guest.codes,
    commands.map(() => 0),
    guest.output,
  );
  const whole = [...guest.output.matchAll(/test cases: +(\d+) \| +\1 passed \| 0 failed/g)];
  assert.equal(whole.length, commands.length, guest.output);
}
