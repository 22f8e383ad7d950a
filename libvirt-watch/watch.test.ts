// The watch against a libvirt of plain maps: what events missed, what died, what came back.
import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { domainOf, FakeClock, FakeLibvirt, uuidOf } from './fake-libvirt.ts';
import { random } from './fuzz.ts';
import { applyChanges, EMPTY } from './reconcile.ts';
import type { Change, Connection, LibvirtWatch, WatchOptions } from './types.ts';
import { watchLibvirt } from './watch.ts';

let running: LibvirtWatch | null = null;
afterEach(() => running?.stop());

function setUp(libvirt = new FakeLibvirt(), options: Partial<WatchOptions> = {}) {
  const clock = new FakeClock();
  const changes: Change[] = [];
  const connections: Connection[] = [];
  const watch = watchLibvirt({
    bus: libvirt,
    clock,
    onChanges: (some) => changes.push(...some),
    onConnection: (connection) => connections.push(connection),
    ...options,
  });
  running = watch;
  const kinds = () => changes.splice(0).map((change) => change.kind);
  return { libvirt, clock, watch, changes, connections, kinds };
}

const A = uuidOf(1);

test('the first look tells everything once, and nothing after that', async () => {
  const libvirt = new FakeLibvirt();
  libvirt.domains.set(A, domainOf('a'));
  const { clock, watch, kinds, connections } = setUp(libvirt);
  await clock.pass(0);
  await watch.ready;
  assert.deepEqual(kinds(), ['workload-appeared', 'nic-added']);
  await clock.pass(60_000);
  assert.deepEqual(kinds(), []);
  assert.deepEqual(
    connections.map(({ state, reconnects }) => [state, reconnects]),
    [['connected', 0]],
  );
});

test('a signal is told of at once', async () => {
  const { libvirt, clock, kinds, watch } = setUp();
  await clock.pass(100);
  libvirt.domains.set(A, domainOf('a'));
  libvirt.signal('DomainEvent', A);
  await clock.pass(0);
  assert.deepEqual(kinds(), ['workload-appeared', 'nic-added']);
  libvirt.domains.set(A, domainOf('a', { macs: ['52:54:00:00:00:01', '52:54:00:00:00:02'] }));
  libvirt.signal('DeviceAdded', A, 'org.libvirt.Domain');
  await clock.pass(25);
  assert.deepEqual(kinds(), ['nic-added']);
  libvirt.domains.delete(A);
  libvirt.signal('DomainEvent', A);
  await clock.pass(25);
  assert.deepEqual(kinds(), ['nic-removed', 'nic-removed', 'workload-gone']);
  assert.equal(watch.snapshot.workloads.size, 0);
});

test('what no event told of is found: lists in 2 s, a new domain in 1 s, the rest in 10 s', async () => {
  const libvirt = new FakeLibvirt();
  for (let i = 1; i <= 9; i++) libvirt.domains.set(uuidOf(i), domainOf(`d${i}`));
  const { clock, kinds, watch } = setUp(libvirt);
  await clock.pass(10);
  kinds();
  libvirt.domains.set(uuidOf(20), domainOf('new', { macs: [] }));
  await clock.pass(1000);
  assert.deepEqual(kinds(), ['workload-appeared']);
  libvirt.domains.set(A, domainOf('d1', { state: 3 }));
  await clock.pass(2000);
  assert.deepEqual(kinds(), ['workload-changed']);
  for (let i = 1; i <= 9; i++)
    libvirt.domains.set(uuidOf(i), domainOf(`d${i}`, { title: 'other', state: i === 1 ? 3 : 1 }));
  await clock.pass(10_000);
  assert.deepEqual(kinds(), Array(9).fill('workload-changed'));
  assert.equal(watch.snapshot.workloads.get(A)?.title, 'other');
});

test('an XML is read only where something differs, apart from the sweep', async () => {
  const libvirt = new FakeLibvirt();
  for (let i = 1; i <= 50; i++) libvirt.domains.set(uuidOf(i), domainOf(`d${i}`));
  const { clock } = setUp(libvirt);
  await clock.pass(10);
  assert.equal(libvirt.count('GetXMLDesc'), 50);
  await clock.pass(10_000);
  assert.equal(libvirt.count('GetXMLDesc'), 100);
});

test('a storm of signals does not become one of calls', async () => {
  const libvirt = new FakeLibvirt();
  libvirt.domains.set(A, domainOf('a'));
  const { clock } = setUp(libvirt);
  await clock.pass(100);
  const before = libvirt.calls.length;
  for (let i = 0; i < 1000; i++) {
    libvirt.signal('DomainEvent', A);
    await clock.pass(1);
  }
  const looks = (libvirt.calls.length - before) / 7;
  assert.ok(looks <= 45, `${looks} looks in a second`);
});

test('libvirt fails and comes back: nothing is gone, nothing told twice, the difference told', async () => {
  const libvirt = new FakeLibvirt();
  libvirt.domains.set(A, domainOf('a'));
  const { clock, watch, kinds } = setUp(libvirt);
  await clock.pass(10);
  kinds();
  libvirt.failure = 'libvirt';
  await clock.pass(1500);
  assert.deepEqual([watch.connection.state, watch.connection.reason], ['reconnecting', 'fails with libvirt']);
  const since = watch.connection.since;
  await clock.pass(4000);
  assert.equal(watch.connection.since, since);
  await clock.pass(8000);
  assert.equal(watch.connection.state, 'unavailable');
  assert.equal(watch.snapshot.workloads.size, 1);
  libvirt.domains.set(A, domainOf('a', { title: 'changed without an event' }));
  libvirt.domains.set(uuidOf(2), domainOf('b'));
  libvirt.failure = null;
  await clock.pass(600);
  assert.deepEqual([watch.connection.state, watch.connection.reconnects], ['connected', 1]);
  assert.deepEqual(kinds(), ['workload-changed', 'workload-appeared', 'nic-added']);
  await clock.pass(30_000);
  assert.deepEqual(kinds(), []);
});

test('libvirt-dbus dies and is started by the next call', async () => {
  const libvirt = new FakeLibvirt();
  libvirt.domains.set(A, domainOf('a'));
  const { clock, connections, kinds } = setUp(libvirt);
  await clock.pass(10);
  kinds();
  libvirt.domains.set(A, domainOf('a', { title: 'x' }));
  libvirt.owner('');
  libvirt.owner(':1.9');
  await clock.pass(50);
  assert.deepEqual(
    connections.map(({ state }) => state),
    ['connected', 'reconnecting', 'connected'],
  );
  assert.deepEqual(kinds(), ['workload-changed']);
});

test('the bus dies and comes back', async () => {
  const libvirt = new FakeLibvirt();
  libvirt.domains.set(A, domainOf('a'));
  const { clock, watch, kinds } = setUp(libvirt);
  await clock.pass(10);
  kinds();
  libvirt.down = true;
  libvirt.dropConnection();
  await clock.pass(3000);
  assert.equal(watch.connection.state, 'reconnecting');
  libvirt.down = false;
  libvirt.domains.delete(A);
  await clock.pass(600);
  assert.equal(watch.connection.state, 'connected');
  assert.deepEqual(kinds(), ['nic-removed', 'workload-gone']);
});

test('a connection that dies in the middle of a look tells nothing of that look', async () => {
  const libvirt = new FakeLibvirt();
  libvirt.domains.set(A, domainOf('a'));
  const { clock, kinds } = setUp(libvirt);
  await clock.pass(10);
  kinds();
  libvirt.domains.delete(A);
  libvirt.domains.set(uuidOf(2), domainOf('b'));
  libvirt.before = (call) => {
    if (call.member !== 'GetXMLDesc') return;
    libvirt.before = () => undefined;
    libvirt.dropConnection();
  };
  libvirt.signal('DomainEvent', A);
  await clock.pass(0);
  assert.deepEqual(kinds(), []);
  await clock.pass(1000);
  assert.deepEqual(kinds(), ['nic-removed', 'workload-gone', 'workload-appeared', 'nic-added']);
});

test('when the last whole look began is known, and a failed one does not count', async () => {
  const { libvirt, clock, watch } = setUp();
  assert.equal(watch.lookedAt, null);
  await clock.pass(10);
  const first = watch.lookedAt ?? assert.fail('it has looked');
  await clock.pass(3000);
  const second = watch.lookedAt ?? assert.fail('it has looked');
  assert.ok(second > first);
  libvirt.failure = 'libvirt';
  await clock.pass(10_000);
  assert.ok((watch.lookedAt ?? 0) <= second + 2000);
});

test('a hung libvirtd: the call times out, the connection is made anew', async () => {
  const { libvirt, clock, watch } = setUp();
  await clock.pass(10);
  libvirt.failure = 'timeout';
  await clock.pass(1000);
  assert.equal(watch.connection.state, 'reconnecting');
  libvirt.failure = null;
  await clock.pass(500);
  assert.equal(watch.connection.state, 'connected');
});

test('a domain that vanishes during a look, or cannot be read, does not spoil the others', async () => {
  const libvirt = new FakeLibvirt();
  libvirt.domains.set(A, domainOf('a'));
  libvirt.domains.set(uuidOf(2), domainOf('<broken'));
  libvirt.before = (call) => {
    if (call.member === 'GetXMLDesc') libvirt.domains.delete(A);
  };
  const { clock, watch } = setUp(libvirt);
  await clock.pass(10);
  assert.deepEqual([...watch.snapshot.workloads.keys()], [uuidOf(2)]);
  const broken = watch.snapshot.workloads.get(uuidOf(2));
  assert.equal(broken?.name, uuidOf(2));
  assert.match(broken?.unreadable ?? '', /./);
  libvirt.domains.set(uuidOf(2), domainOf('mended'));
  await clock.pass(2100);
  assert.deepEqual([watch.snapshot.workloads.get(uuidOf(2))?.name], ['mended']);
});

test('names that two domains exchange are found', async () => {
  const libvirt = new FakeLibvirt();
  libvirt.domains.set(A, domainOf('a'));
  libvirt.domains.set(uuidOf(2), domainOf('b'));
  const { clock, watch } = setUp(libvirt);
  await clock.pass(10);
  libvirt.domains.set(A, domainOf('b'));
  libvirt.domains.set(uuidOf(2), domainOf('a'));
  await clock.pass(10_000);
  assert.deepEqual(
    [...watch.snapshot.workloads.values()].map(({ name }) => name),
    ['b', 'a'],
  );
});

test('never answered: unavailable from the start, and a stop ends it', async () => {
  const libvirt = new FakeLibvirt();
  libvirt.down = true;
  const { clock, watch, changes } = setUp(libvirt);
  await clock.pass(5000);
  assert.deepEqual([watch.connection.state, watch.connection.reason], ['unavailable', 'no bus']);
  watch.stop();
  libvirt.down = false;
  await clock.pass(5000);
  await watch.ready;
  assert.deepEqual(changes, []);
});

const SEED = 7;

test(`random life with lost signals and failures: the changes add up to the truth (seed ${SEED})`, async () => {
  const next = random(SEED);
  const libvirt = new FakeLibvirt();
  const { clock, watch, changes } = setUp(libvirt);
  let sum = EMPTY;
  for (let step = 0; step < 400; step++) {
    const uuid = uuidOf(Math.floor(next() * 6));
    if (next() < 0.3) libvirt.domains.delete(uuid);
    else {
      const macs = [1, 2, 3].filter(() => next() < 0.5).map((each) => `52:54:00:00:00:0${each}`);
      const state = next() < 0.5 ? 1 : 5;
      libvirt.domains.set(uuid, {
        name: `n${uuid}`,
        state,
        persistent: next() < 0.8,
        title: `t${step % 3}`,
        macs,
      });
    }
    libvirt.failure = next() < 0.1 ? 'libvirt' : null;
    if (next() < 0.05) libvirt.dropConnection();
    if (next() < 0.05) libvirt.owner(next() < 0.5 ? '' : `:1.${step}`);
    if (next() < 0.5) libvirt.signal('DomainEvent', uuid);
    await clock.pass(Math.floor(next() * 300));
    sum = applyChanges(sum, changes.splice(0));
    assert.deepEqual(new Set(sum.workloads.keys()), new Set(watch.snapshot.workloads.keys()));
  }
  libvirt.failure = null;
  await clock.pass(15_000);
  sum = applyChanges(sum, changes.splice(0));
  assert.equal(sum.workloads.size, libvirt.domains.size);
  for (const [uuid, domain] of libvirt.domains) {
    const found = sum.workloads.get(uuid);
    assert.deepEqual([found?.title, found?.persistent], [domain.title, domain.persistent]);
    assert.deepEqual(found?.nics.map(({ mac }) => mac).sort(), domain.macs);
    assert.equal(found?.state, domain.state === 1 ? 'running' : 'shutoff');
  }
});
