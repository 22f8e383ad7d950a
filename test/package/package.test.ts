// The Debian package: builds, installs, starts both services under real systemd, and leaves nothing behind.
import assert from 'node:assert/strict';
import { copyFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { buildPackage } from '../../packaging/deb/build.mjs';
import { until } from '../libvirt/private-libvirt.ts';
import { bootMachine, type Machine } from './machine.ts';

const skip = process.getuid?.() !== 0 && process.env.VMOAT_REQUIRE !== 'all' ? 'needs root' : false;
const HOOK = '/etc/libvirt/hooks/qemu.d/vmoat';
const MARKER = '/var/lib/vmoat-dp/guard';
const PROTECT = `version: vmoat/v1
groups:
  - { name: guests, match: [{ name: { prefix: guest } }], mode: protect }
`;
/** As libvirt tells its hooks; the disk's target is no tap. */
const STARTING = `<domain><devices>
  <disk type='file'><target dev='vda' bus='virtio'/></disk>
  <interface type='network'>
    <target dev='pkg-tap'/>
  </interface>
</devices></domain>`;
const UNITS = ['vmoat-dp.service', 'vmoat-hostd.service'];

suite('the Debian package', { skip, timeout: 600_000 }, () => {
  let machine: Machine;
  const run = (...argv: [string, ...string[]]): Promise<string> => machine.run(...argv);
  const main = (unit: string): Promise<string> => run('systemctl', 'show', '-P', 'MainPID', unit);
  const status = async () => JSON.parse(await run('vmoat', 'status', '-o', 'json'));
  const whole = async (): Promise<boolean> => {
    const { dataplane, libvirt } = await status().catch(() => ({}));
    return dataplane?.state === 'connected' && libvirt?.state === 'connected';
  };

  before(async () => {
    machine = await bootMachine();
    copyFileSync(buildPackage(), join(machine.root, 'vmoat.deb'));
    await run('dpkg', '-i', '/vmoat.deb');
  });
  after(() => machine?.stop());

  test('starts both services, which find each other and libvirt', async () => {
    for (const unit of UNITS) {
      assert.equal((await run('systemctl', 'is-active', unit)).trim(), 'active');
      assert.equal((await run('systemctl', 'is-enabled', unit)).trim(), 'enabled');
    }
    await until('everything is connected', whole);
  });

  test('hostd runs as user vmoat without a capability, dp with the bounded set only', async () => {
    const of = async (unit: string) => run('cat', `/proc/${(await main(unit)).trim()}/status`);
    const hostd = await of('vmoat-hostd.service');
    assert.doesNotMatch(hostd, /^Uid:\s+0\s/m);
    assert.match(hostd, /^CapBnd:\s+0{16}$/m);
    const kept = [12, 13, 19, 21, 38, 39]; // NET_ADMIN NET_RAW SYS_PTRACE SYS_ADMIN PERFMON BPF
    const mask = kept.reduce((sum, bit) => sum | (1n << BigInt(bit)), 0n);
    const [, bounding = '0'] = /^CapBnd:\s+([0-9a-f]+)$/m.exec(await of('vmoat-dp.service')) ?? [];
    assert.equal(BigInt(`0x${bounding}`), mask);
  });

  test('hostd’s user can read libvirt and change nothing', async () => {
    const call = (member: string, ...args: string[]) =>
      run(
        'setpriv',
        ...['--reuid=vmoat', '--regid=vmoat', '--clear-groups', 'dbus-send', '--system', '--print-reply'],
        ...['--dest=org.libvirt', '/org/libvirt/QEMU', `org.libvirt.Connect.${member}`, ...args],
      );
    assert.match(await call('ListDomains', 'uint32:0'), /array/);
    await assert.rejects(call('DomainDefineXML', 'string:<domain/>'), /AccessDenied/);
  });

  for (const unit of UNITS)
    test(`${unit}: started again after kill -9`, async () => {
      const before = await main(unit);
      assert.notEqual(before.trim(), '0');
      await run('kill', '-9', before.trim());
      await until('another process runs', async () => !['0\n', before].includes(await main(unit)), 5000);
      await until('everything is connected', whole, 10_000);
    });

  test('brings manual pages and completions', async () => {
    const files = await run('dpkg', '-L', 'vmoat');
    for (const path of ['man/man1/vmoat.1.gz', 'man/man8/vmoat-dp.8.gz', 'bash-completion/completions/vmoat'])
      assert.match(files, new RegExp(`^/usr/share/${path}$`, 'm'));
  });

  test('a tap is watched', async () => {
    await run('ip', 'tuntap', 'add', 'pkg-tap', 'mode', 'tap');
    await run('ip', 'link', 'set', 'pkg-tap', 'up');
    await until('it is pinned', async () => (await pins()).includes('/links/'));
  });

  test('libvirt’s hook guards a guest that starts without dp, which lets it out again', async () => {
    writeFileSync(join(machine.root, 'etc/vmoat/dp.yaml'), 'enforce: on\n');
    writeFileSync(join(machine.root, 'policy.yaml'), PROTECT);
    await run('systemctl', 'restart', 'vmoat-dp.service');
    await until('everything is connected', whole);
    await run('vmoat', 'policy', 'apply', '/policy.yaml');
    await until('the marker is there', async () => (await found(MARKER)) === MARKER);
    await run('systemctl', 'stop', 'vmoat-dp.service');
    await run('sh', '-c', `echo "${STARTING}" | ${HOOK} guest start begin -`);
    assert.match(await run('nft', 'list', 'ruleset'), /"pkg-tap"/);
    await run('systemctl', 'start', 'vmoat-dp.service');
    await until('the guard is gone', async () => !(await run('nft', 'list', 'ruleset')).includes('vmoat'));
  });

  test('an upgrade leaves what is pinned where it is', async () => {
    const before = [await links(), await pins()];
    assert.match(before.join(), /pkg-tap[\s\S]*links/);
    await run('dpkg', '-i', '/vmoat.deb');
    await until('everything is connected', whole);
    assert.deepEqual([await links(), await pins()], before);
    assert.equal(await found(MARKER), MARKER);
  });

  test('removed it leaves no process, no pin and no socket', async () => {
    await run('dpkg', '-r', 'vmoat');
    assert.doesNotMatch(await pins(), /vmoat/);
    assert.equal(await run('sh', '-c', "pgrep -f '[v]moat-' || true"), '');
    assert.equal(await run('sh', '-c', 'ls /run/vmoat/*.sock 2> /dev/null || true'), '');
    for (const left of [HOOK, MARKER]) assert.equal(await found(left), '');
    assert.doesNotMatch(await run('nft', 'list', 'ruleset'), /vmoat/);
  });

  const found = async (path: string): Promise<string> =>
    (await run('sh', '-c', `ls ${path} 2> /dev/null || true`)).trim();
  /** With their numbers: what is made anew has another one. */
  const links = (): Promise<string> => run('ip', '-o', 'link', 'show', 'type', 'tun');
  const pins = async (): Promise<string> =>
    (await run('find', '/sys/fs/bpf/', '-type', 'f')).split('\n').sort().join('\n');
});
