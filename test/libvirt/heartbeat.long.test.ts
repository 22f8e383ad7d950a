// Ten minutes of guests that take every core: a busy machine is no dead engine.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { DataplaneClient } from '../../dp/client/index.ts';
import type { DpStatus, GuardedCause, TappedNic } from '../../dp/contract/protocol.ts';
import { areSpliced } from './plumbing.ts';
import { until, whyNoPrivateLibvirt } from './private-libvirt.ts';
import { ShellGuest, shellImage } from './shell-guest.ts';
import { startVmoatStack, type VmoatStack } from './vmoat-stack.ts';

const GUESTS = 6;
const MINUTES = Number(process.env.VMOAT_BUSY_MINUTES ?? 10);
const INIT = `ip link set lo up; ip link set eth0 up; ip address add 10.8.1.$n/24 dev eth0
mkdir -p /www; echo hello > /www/hello; httpd -p 80 -h /www`;
/** Always new flows, which need the engine, beside a loop that leaves no processor idle. */
const BUSY = (to: number): string => `( while :; do :; done ) &
( while :; do timeout 5 wget -q -O - http://10.8.1.${to}/hello > /dev/null || echo lost >> /lost; usleep 50000; done ) &`;
const POLICY = `version: vmoat/v1
groups:
  - { name: busy, match: [{ name: { prefix: busy } }], mode: protect, failPolicy: closed }
rules:
  - { id: web, from: busy, to: busy, ports: [tcp/80], action: allow }
`;
const NETWORK = "<network><name>busy</name><bridge name='busy0' stp='off' delay='0'/></network>";

suite('the heartbeat', { skip: whyNoPrivateLibvirt() ?? false, timeout: 1_800_000 }, () => {
  let stack: VmoatStack;
  const guests: ShellGuest[] = [];
  before(async () => {
    stack = await startVmoatStack({ protects: true });
    await stack.libvirt.virshXml('net-create', NETWORK);
    const image = await shellImage(stack.libvirt, INIT);
    for (let n = 1; n <= GUESTS; n++) {
      const nics = "<interface type='network'><source network='busy'/><model type='virtio'/></interface>";
      guests.push(
        await ShellGuest.make(stack.libvirt, image, { name: `busy-${n}`, nics, variables: `n=${n}` }),
      );
    }
    for (const guest of guests) await guest.up();
  });
  after(async () => {
    for (const guest of guests) guest.close();
    await stack?.stop();
  });

  test(`does not trip in ${MINUTES} minutes of ${GUESTS} busy guests`, async (context) => {
    const file = join(stack.libvirt.root, 'policy.yaml');
    writeFileSync(file, POLICY);
    await stack.cli.run('policy', 'apply', file);
    const taps = (await Promise.all(guests.map((guest) => guest.taps()))).flat();
    await until('all are inline', () => areSpliced(stack.libvirt, taps));
    const watch = new Watch(stack);
    for (const [index, guest] of guests.entries()) await guest.sh(BUSY(((index + 1) % GUESTS) + 1));
    await sleep(MINUTES * 60_000);
    watch.end();
    context.diagnostic(`${watch.statuses} looks; the oldest heartbeat of a worker was ${watch.oldest_ms} ms`);
    assert.ok(watch.statuses > MINUTES * 30);
    assert.deepEqual(watch.at('held').length, GUESTS, 'the engine had to be asked at every NIC');
    assert.deepEqual([watch.at('failed-open'), watch.at('failed-closed')], [[], []]);
  });
});

/** What dp itself says meanwhile. */
class Watch {
  statuses = 0;
  oldest_ms = 0;
  #nics: TappedNic[] = [];
  readonly #client: DataplaneClient;

  constructor({ libvirt }: VmoatStack) {
    this.#client = new DataplaneClient({ socket: join(libvirt.root, 'vmoat/dp.sock'), client: 'test' });
    this.#client.on('status', (status) => this.#look(status));
    this.#client.on('nics', ({ nics }) => {
      this.#nics = nics;
    });
    this.#client.start();
  }

  #look({ workers }: DpStatus): void {
    this.statuses++;
    this.oldest_ms = Math.max(this.oldest_ms, ...workers.map(({ heartbeatAgeMs }) => heartbeatAgeMs));
  }

  /** NICs at which that became of a frame. */
  at(cause: GuardedCause): string[] {
    return this.#nics.flatMap(({ tap, protection }) => (protection.frames[cause] ? [tap] : []));
  }

  end(): void {
    this.#client.stop();
  }
}
