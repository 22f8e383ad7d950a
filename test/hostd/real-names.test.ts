// Names that DNS tells a guest, beside a real vmoat-dp and a real resolver.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { LearnedName, Page } from '../../hostd/api/schema.ts';
import { RealHouse, required } from './real-house.ts';
import { until } from './until.ts';

const house = new RealHouse();

const nameQuery = 'name=*.vmoat.example&limit=1000';
const names = async (): Promise<LearnedName[]> =>
  Page(LearnedName).parse(await house.api(`/names?${nameQuery}`)).items;

/** A resolver on the host's side, which knows an alias of a host with both kinds of addresses. */
async function resolver(): Promise<void> {
  const server = spawn(
    'ip',
    [
      ...['netns', 'exec', house.lab.hostNs, 'dnsmasq', '--keep-in-foreground', '--conf-file=/dev/null'],
      ...['--no-resolv', '--no-hosts', '--user=root', '--pid-file=', '--log-facility=-', '--bind-interfaces'],
      ...['--listen-address=10.77.0.1', '--no-dhcp-interface=*', '--local-ttl=20'],
      '--host-record=web.vmoat.example,192.0.2.80,2001:db8::80',
      '--cname=www.vmoat.example,web.vmoat.example',
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  let log = '';
  house.keep(server).stderr.on('data', (chunk) => {
    log += chunk;
  });
  await until(() => log.includes('started'));
}

/** The guest asks for the addresses of a name; nothing else listens to the answer. */
async function lookUp(name: string): Promise<void> {
  const script = `const r = new (require('dns').promises.Resolver)(); r.setServers(['10.77.0.1']);
    Promise.all([r.resolve4('${name}'), r.resolve6('${name}')]).catch((e) => { console.error(e); process.exit(1); })`;
  const child = spawn('ip', ['netns', 'exec', house.lab.guestNs, process.execPath, '-e', script], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  assert.deepEqual((await once(child, 'exit'))[0], 0);
}

test(
  'names that DNS told a guest are learned, through aliases, and told a new hostd again',
  required,
  async () => {
    await resolver();
    const both = ['192.0.2.80', '2001:db8::80'];
    const learned = async (): Promise<LearnedName[] | null> => {
      const found = (await names()).filter(({ name }) => name === 'www.vmoat.example');
      return found.length === both.length ? found : null;
    };
    await lookUp('www.vmoat.example');
    const found = await until(learned);
    assert.deepEqual(found.map(({ address }) => address).sort(), both);
    for (const { nic, server, ttl, seen, until: end } of found) {
      assert.deepEqual([nic, server, ttl], ['vmtap0', '10.77.0.1', 60]);
      assert.equal(Date.parse(end) - Date.parse(seen), 90_000);
    }
    assert.match(
      await house.ran('names', '--name', 'www.*.example'),
      /^www\.vmoat\.example +\S+ +vmtap0 +10\.77\.0\.1 /m,
    );
    await lookUp('www.vmoat.example');
    await house.killHostd();
    await house.startHostd();
    await until(async () => (await names()).some(({ address }) => address === '192.0.2.80'));
  },
);
