// libvirt's hook by itself: which taps it guards, and when a guest may not start.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const HOOK = fileURLToPath(new URL('../../packaging/deb/libvirt-hook', import.meta.url));
const skip = process.getuid?.() !== 0 && process.env.VMOAT_REQUIRE !== 'all' ? 'needs root' : false;
const nic = (target: string): string => `<interface type='bridge'>\n<target dev=${target}/>\n</interface>`;

suite('libvirt’s hook', { skip }, () => {
  let folder = '';
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'vmoat-hook-'));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  /** In namespaces of its own with the taps vnet0 and vnet1; `ruleset` is nft's after it. */
  const call = (xml: string, { mark = '', operation = 'start', rights = '' } = {}) => {
    const marker = join(folder, 'guard');
    rmSync(marker, { force: true });
    if (mark) writeFileSync(marker, mark);
    const script = `mount -t sysfs sysfs /sys; ip link add bridge0 type bridge
      for tap in vnet0 vnet1; do ip tuntap add $tap mode tap; done
      ${rights} ${HOOK} guest ${operation} begin -; code=$?; nft list ruleset; exit $code`;
    const env = { ...process.env, VMOAT_GUARD_MARKER: marker };
    const argv = ['--net', '--mount', 'sh', '-c', script];
    const { status, stdout, stderr } = spawnSync('unshare', argv, { input: xml, env, encoding: 'utf8' });
    return { status, stderr, guarded: [...stdout.matchAll(/device "([^"]+)"/g)].map((match) => match[1]) };
  };
  const WITHOUT_RIGHTS = 'setpriv --bounding-set=-net_admin';

  test('guards the taps of a domain that starts, both ways, and nothing else', () => {
    const xml = `<domain><devices><disk><target dev='vda' bus='virtio'/></disk>
      ${nic("'vnet0'")} ${nic("'vnet1' managed='yes'")} ${nic("'bridge0'")} ${nic("'gone'")}</devices></domain>`;
    const { status, guarded } = call(xml, { mark: 'open' });
    assert.equal(status, 0);
    assert.deepEqual(guarded.sort(), ['vnet0', 'vnet0', 'vnet1', 'vnet1']);
  });

  test('does nothing without the marker, and at no other operation', () => {
    assert.deepEqual(call(nic("'vnet0'")).guarded, []);
    for (const operation of ['prepare', 'started', 'reconnect', 'release'])
      assert.deepEqual(call(nic("'vnet0'"), { mark: 'closed', operation }).guarded, []);
  });

  test('takes no text for a name that is none', () => {
    for (const target of [`'vnet0" ; drop'`, "'../vnet0'", "'a-name-that-is-too-long'", "'$(reboot)'"])
      assert.deepEqual(call(nic(target), { mark: 'closed' }), { status: 0, stderr: '', guarded: [] });
  });

  test('where nft fails a guest starts, unless a group in protect fails closed', () => {
    const open = call(nic("'vnet0'"), { mark: 'open', rights: WITHOUT_RIGHTS });
    assert.equal(open.status, 0);
    assert.match(open.stderr, /guest starts without a guard/);
    const closed = call(nic("'vnet0'"), { mark: 'closed', rights: WITHOUT_RIGHTS });
    assert.equal(closed.status, 1);
    assert.match(closed.stderr, /guest does not start/);
  });
});
