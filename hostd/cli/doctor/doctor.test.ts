import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { doctorText } from '../doctor-command.ts';
import type { Terminal } from '../terminal.ts';
import type { Check, Finding } from './check.ts';
import { type Host, kernelAtLeast, realHost } from './host.ts';
import { checks } from './registry.ts';

interface Given {
  files?: Record<string, string>;
  /** Output by command line. */
  runs?: Record<string, string>;
  answering?: string[];
  kernel?: string;
  isRoot?: boolean;
  dirs?: Record<string, string[]>;
  readonly?: string[];
  /** Answers of vmoat-hostd by path. */
  asked?: Record<string, unknown>;
}

const host = (given: Given): Host => ({
  isRoot: given.isRoot ?? true,
  user: 'ann',
  kernel: given.kernel ?? '6.12.0',
  apiSocket: '/run/vmoat/api.sock',
  read: (path) => given.files?.[path] ?? null,
  exists: (path) => path in (given.files ?? {}),
  writable: (path) => path in (given.files ?? {}) && !given.readonly?.includes(path),
  list: (path) => given.dirs?.[path] ?? [],
  run: async (...argv) => given.runs?.[argv.join(' ')] ?? null,
  answers: async (path) => given.answering?.includes(path) ?? false,
  ask: async (_schema, path) => (given.asked?.[path] ?? null) as never,
});

async function findings(name: string, given: Given): Promise<Finding[]> {
  const check: Check | undefined = checks.find((each) => each.name === name);
  assert.ok(check, name);
  return check.run(host(given));
}

const TAP = { '/sys/class/net/vnet0/tun_flags': '0x1002' };
const DEVICES = { '/sys/class/net': ['lo', 'vnet0', 'eth0'] };
const QDISCS = (kind: string): Record<string, string> => ({
  'tc -j qdisc show': JSON.stringify([
    { kind, dev: 'vnet0' },
    { kind: 'fq', dev: 'eth0' },
  ]),
});
const FILTER = 'tc -j filter show dev vnet0 ingress';
const filter = (bpf_name: string): string =>
  JSON.stringify([
    { protocol: 'all', pref: 1, kind: 'bpf', chain: 0 },
    { kind: 'bpf', options: { bpf_name } },
  ]);
const BRIDGE_NF = '/proc/sys/net/bridge/bridge-nf-call-iptables';

const page = (...items: unknown[]) => ({ items, next: null });
const PROTECTED = {
  ...{ id: 'db', name: 'db-1', mode: 'protect', groups: ['db', 'vm.db-1'] },
  nics: [{ tap: 'vnet0', protection: { enforcer: 'splice' } }],
};
const IN_PLACE = { ...PROTECTED, nics: [{ tap: 'vnet0', protection: { enforcer: 'inplace' } }] };
const LEARNING = { ...PROTECTED, mode: 'learn' };
const statusOf = (enforces: boolean, until: string | null = null) => ({
  dataplane: { enforces, panic: until === null ? null : { until } },
});
const said = (vm: object, more: Record<string, unknown> = {}) => ({
  '/workloads': page(vm),
  '/status': statusOf(true),
  ...more,
});
const DENIED = { '/flows': page({ to: { id: 'db' } }) };
const SAFE = page({ name: 'db', failSafePorts: ['tcp/22'] });
const NFT = (family: string) => `table ${family} filter {\n\tchain x {\n\t\tiifname "vnet0" drop\n\t}\n}\n`;
const ruled = (runs: Record<string, string>, vm?: object): Given => ({
  ...{ files: TAP, dirs: DEVICES, runs },
  ...(vm && { asked: said(vm) }),
});

const cases: [check: string, name: string, given: Given, severity: string, says: RegExp][] = [
  ['kernel', 'old', { kernel: '5.10.0-28-amd64' }, 'problem', /older than 6\.1/],
  ['kernel', 'good', { kernel: '6.1.0-18-amd64' }, 'good', /6\.1\.0/],
  ['tcx', 'without', { kernel: '6.1.0-18-amd64' }, 'note', /no TCX/],
  ['tcx', 'with', { kernel: '6.6.0' }, 'good', /has TCX/],
  ['btf', 'missing', {}, 'problem', /no BTF/],
  ['btf', 'there', { files: { '/sys/kernel/btf/vmlinux': '' } }, 'good', /BTF/],
  [
    'kernel options',
    'one missing',
    { files: { '/boot/config-6.12.0': 'CONFIG_BPF_SYSCALL=y\nCONFIG_BPF_JIT=y\nCONFIG_NET_CLS_BPF=m\n' } },
    'problem',
    /CONFIG_NET_SCH_INGRESS/,
  ],
  ['kernel options', 'unknown', {}, 'note', /cannot be read/],
  [
    'kernel options',
    'from the kernel itself',
    {
      runs: {
        'zcat /proc/config.gz':
          'CONFIG_BPF_SYSCALL=y\nCONFIG_BPF_JIT=y\nCONFIG_NET_CLS_BPF=m\nCONFIG_NET_SCH_INGRESS=m\n',
      },
    },
    'good',
    /NET_SCH_INGRESS/,
  ],
  [
    'bpffs',
    'not mounted',
    { files: { '/proc/mounts': 'tmpfs /sys tmpfs rw 0 0\n' } },
    'problem',
    /not mounted/,
  ],
  ['bpffs', 'mounted', { files: { '/proc/mounts': 'bpf /sys/fs/bpf bpf rw 0 0\n' } }, 'good', /mounted/],
  [
    'memlock',
    'low on an old kernel',
    {
      kernel: '5.4.0',
      files: {
        '/proc/self/limits': 'Max locked memory         8388608              8388608              bytes',
      },
    },
    'warning',
    /8388608 bytes/,
  ],
  [
    'memlock',
    'low, where it does not matter',
    {
      files: {
        '/proc/self/limits': 'Max locked memory         8388608              8388608              bytes',
      },
    },
    'good',
    /enough/,
  ],
  [
    'lockdown',
    'confidentiality',
    { files: { '/sys/kernel/security/lockdown': 'none integrity [confidentiality]' } },
    'problem',
    /locked down/,
  ],
  [
    'lockdown',
    'integrity',
    { files: { '/sys/kernel/security/lockdown': 'none [integrity] confidentiality' } },
    'good',
    /not locked/,
  ],
  ['kvm', 'missing', {}, 'note', /no \/dev\/kvm/],
  ['system bus', 'silent', {}, 'problem', /does not answer/],
  ['libvirt', 'missing', {}, 'problem', /does not run/],
  ['libvirt', 'modular', { files: { '/run/libvirt/virtqemud-sock': '' } }, 'good', /virtqemud/],
  ['libvirt-dbus', 'missing', {}, 'problem', /missing/],
  ['vmoat-hostd', 'not running', {}, 'warning', /does not run/],
  [
    'vmoat-hostd',
    'forbidden',
    { files: { '/run/vmoat/api.sock': '' }, readonly: ['/run/vmoat/api.sock'] },
    'warning',
    /may not use/,
  ],
  ['vmoat-hostd', 'answering', { answering: ['/run/vmoat/api.sock'] }, 'good', /answers/],
  ['br_netfilter', 'on', { files: { [BRIDGE_NF]: '1\n' } }, 'warning', /host's iptables:/],
  ['br_netfilter', 'off', { files: { [BRIDGE_NF]: '0\n' } }, 'good', /do not pass/],
  [
    'FORWARD policy',
    "Docker's",
    { runs: { 'iptables -S FORWARD': '-P FORWARD DROP\n-A FORWARD -j DOCKER-USER\n' } },
    'warning',
    /as Docker sets it/,
  ],
  [
    'FORWARD policy',
    'drop',
    { runs: { 'iptables -S FORWARD': '-P FORWARD DROP\n' } },
    'warning',
    /no rule allows: routed/,
  ],
  [
    'FORWARD policy',
    'accept',
    { runs: { 'iptables -S FORWARD': '-P FORWARD ACCEPT\n' } },
    'good',
    /lets pass/,
  ],
  ['FORWARD policy', 'no rights', { isRoot: false }, 'note', /only be read by root/],
  ['firewalld', 'running', { runs: { 'firewall-cmd --state': 'running\n' } }, 'note', /firewalld runs/],
  ['Open vSwitch', 'a bridge', { runs: { 'ovs-vsctl list-br': 'ovs0\n' } }, 'note', /ovs0/],
  [
    'nwfilter',
    'a binding',
    {
      dirs: { '/run/libvirt/nwfilter-binding': ['vnet0.xml'] },
      files: { '/run/libvirt/nwfilter-binding/vnet0.xml': '<filterref filter="clean-traffic"/>' },
    },
    'note',
    /acts on vnet0:/,
  ],
  [
    'libvirt bandwidth',
    'clsact kernel',
    { kernel: '6.1.0', files: TAP, dirs: DEVICES, runs: QDISCS('ingress') },
    'warning',
    /vnet0 by an ingress qdisc, which excludes clsact/,
  ],
  [
    'libvirt bandwidth',
    'TCX kernel',
    { files: TAP, dirs: DEVICES, runs: QDISCS('ingress') },
    'note',
    /with TCX/,
  ],
  ['libvirt bandwidth', 'none', { files: TAP, dirs: DEVICES, runs: QDISCS('clsact') }, 'good', /on 1 taps/],
  [
    'programs of others on taps',
    'one',
    { files: TAP, dirs: DEVICES, runs: { [FILTER]: filter('cil_from_netdev') } },
    'note',
    /vnet0 ingress \(cil_from_netdev\)/,
  ],
  [
    'programs of others on taps',
    "vmoat's own",
    { files: TAP, dirs: DEVICES, runs: { [FILTER]: filter('from_nic:[12]') } },
    'good',
    /no tc filter/,
  ],
  [
    'programs of others on taps',
    'not JSON',
    { files: TAP, dirs: DEVICES, runs: { [FILTER]: 'Error' } },
    'good',
    /no tc filter/,
  ],
  [
    'TCX programs of others',
    'by number',
    {
      runs: {
        'bpftool -j link show':
          '[{"id":3,"type":11,"prog_id":30},{"id":4,"type":"tcx","prog_id":40},{"id":5,"type":"xdp","prog_id":50}]',
        'bpftool -j prog show': '[{"id":30,"name":"cil_to_host"},{"id":40,"name":"to_nic"}]',
      },
    },
    'note',
    /not vmoat's: cil_to_host$/,
  ],
  ['TCX programs of others', 'no bpftool', {}, 'note', /not installed/],
  [
    'enforcement',
    'off',
    { asked: said(PROTECTED, { '/status': statusOf(false) }) },
    'warning',
    /^db-1 in protect, but/,
  ],
  ['enforcement', 'on', { asked: said(PROTECTED) }, 'good', /1 VMs are in protect/],
  ['enforcement', 'nobody', { asked: said(LEARNING, { '/status': statusOf(false) }) }, 'good', /no VM/],
  ['enforcement', 'unasked', {}, 'note', /cannot be asked/],
  ['panic', 'on', { asked: { '/status': statusOf(true, 'then') } }, 'warning', /until then/],
  ['panic', 'off', { asked: { '/status': statusOf(true) } }, 'good', /no panic/],
  [
    'ssh into protect',
    'denied',
    { asked: said(PROTECTED, { ...DENIED, '/groups': page() }) },
    'warning',
    /^ssh into db-1/,
  ],
  ['ssh into protect', 'safe', { asked: said(PROTECTED, { ...DENIED, '/groups': SAFE }) }, 'good', /nobody/],
  [
    'ssh into protect',
    'learning',
    { asked: said(LEARNING, { ...DENIED, '/groups': page() }) },
    'good',
    /nobody/,
  ],
  [
    'rules that name a tap',
    'bridge family',
    ruled({ 'nft list ruleset': NFT('bridge') }, PROTECTED),
    'warning',
    /vnet0, in protect/,
  ],
  [
    'rules that name a tap',
    'in place',
    ruled({ 'nft list ruleset': NFT('bridge') }, IN_PLACE),
    'note',
    /name vnet0: a splice/,
  ],
  [
    'rules that name a tap',
    'unasked',
    ruled({ 'nft list ruleset': NFT('bridge') }),
    'note',
    /name vnet0: a splice/,
  ],
  [
    'rules that name a tap',
    'inet family',
    ruled({ 'nft list ruleset': NFT('inet') }, PROTECTED),
    'good',
    /no bridge rule/,
  ],
  [
    'rules that name a tap',
    'our own guard',
    ruled({ 'nft list ruleset': NFT('bridge').replace('filter', 'vmoat_guard') }, PROTECTED),
    'good',
    /no bridge rule/,
  ],
  [
    'rules that name a tap',
    'ebtables',
    ruled({ 'ebtables-save': '-A FORWARD -i vnet0 -j DROP\n' }, PROTECTED),
    'warning',
    /vnet0/,
  ],
  [
    'rules that name a tap',
    'another tap',
    ruled({ 'ebtables-save': '-A FORWARD -i vnet01 -j DROP\n' }, PROTECTED),
    'good',
    /no bridge rule/,
  ],
  [
    'rules that name a tap',
    'physdev',
    ruled({ 'iptables-save': '-A FORWARD -m physdev --physdev-in vnet0 -j DROP\n' }, PROTECTED),
    'warning',
    /vnet0/,
  ],
  ['rules that name a tap', 'no rights', { isRoot: false }, 'note', /only be read by root/],
  ['libvirt hook', 'missing', { asked: said(PROTECTED) }, 'warning', /qemu\.d\/vmoat is missing/],
  ['libvirt hook', 'not needed', { asked: said(LEARNING) }, 'good', /no hook is needed/],
  ['libvirt hook', 'there', { files: { '/etc/libvirt/hooks/qemu.d/vmoat': '' } }, 'good', /is there/],
];
for (const [check, name, given, severity, says] of cases)
  test(`doctor: ${check}, ${name}: ${severity}`, async () => {
    const [finding, ...more] = await findings(check, given);
    assert.deepEqual(more, []);
    assert.equal(finding?.severity, severity);
    assert.match(finding?.says ?? '', says);
    assert.equal(finding?.check, check);
    if (severity === 'problem' || severity === 'warning') assert.notEqual(finding?.remedy, '');
  });

test('every check is tried by a case, and says something on this very host', async () => {
  const tried = new Set(cases.map(([check]) => check));
  assert.deepEqual(
    checks.map((check) => check.name).filter((name) => !tried.has(name)),
    [],
  );
  const here = realHost('/nonexistent/api.sock');
  for (const check of checks) assert.ok((await check.run(here)).length > 0, check.name);
});

test('who answers is heard, also where all that is asked took long to begin', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'vmoat-doctor-'));
  const path = join(folder, 'answers.sock');
  const server = createServer().listen(path);
  try {
    await once(server, 'listening');
    const script = `import { realHost } from '${new URL('host.ts', import.meta.url)}';
      const heard = realHost('').answers('${path}');
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1500);
      console.log(await heard, await realHost('').answers('${path}.none'));`;
    const argv = ['--import', 'tsx', '--input-type=module', '-e', script];
    assert.equal(execFileSync(process.execPath, argv, { encoding: 'utf8' }), 'true false\n');
  } finally {
    server.close();
    rmSync(folder, { recursive: true });
  }
});

test('the worst comes first, what is well is only counted', () => {
  const terminal: Terminal = {
    out: () => undefined,
    err: () => undefined,
    colour: false,
    columns: undefined,
  };
  const given: Finding[] = [
    { check: 'a', severity: 'good', says: 'well', remedy: '' },
    { check: 'b', severity: 'note', says: 'noted', remedy: '' },
    { check: 'c', severity: 'problem', says: 'bad', remedy: 'mend it' },
  ];
  assert.equal(
    doctorText(given, false, terminal),
    'problem  c: bad\n         → mend it\nnote     b: noted\n1 of 3 checks are well\n',
  );
  assert.match(doctorText(given, true, terminal), /^good {5}a: well$/m);
});

test('kernel releases compare by number', () => {
  assert.ok(kernelAtLeast('6.10.3-rc1', 6, 6));
  assert.ok(!kernelAtLeast('5.15.0', 6, 1));
  assert.ok(kernelAtLeast('7.0', 6, 6));
});
