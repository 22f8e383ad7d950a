// No frame of a guest is missed, the very first one included: what its tap received is what vmoat counted.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { domainXml, networkXml } from '../../demo/domain-xml.ts';
import { NETWORK_MODULES, writeInitramfs } from '../../demo/image/initramfs.ts';
import { guestKernel } from '../../demo/image/kernel.ts';
import { imageFolder } from '../../demo/image/place.ts';
import { until, whyNoPrivateLibvirt } from './private-libvirt.ts';
import { startVmoatStack, type VmoatStack } from './vmoat-stack.ts';

/** The guest speaks as soon as its NIC is up; nobody answers, so that all frames are its own. */
const INIT = [
  'ip link set eth0 up; ip address add 10.9.0.2/24 dev eth0',
  'ping -c 3 -W 1 10.9.0.1',
  'echo all is said > /dev/ttyS0',
  'while :; do sleep 1000; done',
].join('\n');

suite('the first frame of a guest', { skip: whyNoPrivateLibvirt() ?? false, timeout: 600_000 }, () => {
  let stack: VmoatStack;
  before(async () => {
    stack = await startVmoatStack();
    await stack.libvirt.virshXml('net-create', networkXml({ name: 'first-net', kind: 'isolated' }, ''));
  });
  after(() => stack?.stop());

  test('is counted, and so is every other', async () => {
    const { libvirt, cli } = stack;
    const images = join(libvirt.root, 'images');
    const kernel = await guestKernel(imageFolder());
    const initramfs = join(images, 'first.initramfs');
    await writeInitramfs(initramfs, { kernel, modules: NETWORK_MODULES, init: INIT });
    const console = join(images, 'first.log');
    const nics = [{ network: 'first-net', tap: 'first0' }];
    const plan = { name: 'first', title: 'first', memoryMiB: 128, nics, initramfs, console };
    await libvirt.virshXml(
      'create',
      domainXml('qemu', { ...plan, kernel: kernel.image, commandLine: 'console=ttyS0 quiet' }),
    );
    await until(
      'the guest has spoken',
      () => readFileSync(console, 'latin1').includes('all is said'),
      60_000,
    );
    const received = async (): Promise<number> =>
      JSON.parse(await libvirt.run('ip', '-j', '-s', 'link', 'show', 'dev', 'first0'))[0].stats64.rx.packets;
    const counted = async (): Promise<number | undefined> =>
      (await cli.nics()).find(({ tap }) => tap === 'first0')?.packets[0];
    assert.ok((await received()) >= 3);
    // The counts of NICs come every second, and the guest may still speak: a frame missed at first never comes.
    await until('all frames are counted', async () => (await counted()) === (await received()), 15_000);
  });
});
