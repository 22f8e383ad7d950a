// A guest that attacks, beside a real vmoat-dp: who sees it, who may acknowledge it, what a killed hostd knows.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Page, Threat, ThreatKind } from '../../hostd/api/schema.ts';
import { killed, RealHouse, required } from './real-house.ts';
import { until } from './until.ts';

const house = new RealHouse();

const portsFrom = (first: number): number[] => Array.from({ length: 40 }, (_, i) => first + i);
const threats = async (query: string): Promise<Threat[]> =>
  Page(Threat).parse(await house.api(`/threats?${query}`)).items;

test(
  'a guest that scans ports is a threat: in the API, on the command line, on the page',
  required,
  async () => {
    house.lab.ping(3);
    house.lab.refusedConnections([8801, 8802, 8803]);
    await until(async () => (await house.flows('proto=tcp')).length === 3);
    assert.deepEqual(await threats('limit=10'), [], 'nothing that went before was an attack');
    const following = house.start('threats', '-f', '-o', 'json');
    let followed = '';
    following.stdout?.on('data', (chunk) => {
      followed += chunk;
    });
    house.lab.refusedConnections(portsFrom(7001));
    const scan = await until(async () => (await threats('name=port-scan'))[0]);
    assert.deepEqual(
      [scan.severity, scan.src, scan.dst, scan.proto, scan.nic, scan.sender, scan.from?.nic],
      ['medium', '10.77.0.2', '10.77.0.1', 'tcp', 'vmtap0', 'guest', 'vmtap0'],
    );
    assert.match(scan.evidence, /^\d+ ports of 10\.77\.0\.1 did not answer/);
    const kinds = Page(ThreatKind).parse(await house.api('/threat-kinds')).items;
    assert.ok(kinds.find(({ name }) => name === 'port-scan')?.thresholds.length);
    assert.match(
      await house.ran('threats', '--name', 'port-scan'),
      /^medium +port-scan +vmtap0 \(10\.77\.0\.2\) /m,
    );
    assert.match(
      await house.ran('threats', 'show', scan.id),
      /^evidence +\d+ ports of 10\.77\.0\.1 did not answer/m,
    );
    assert.match(await house.ran('status'), /^threats +\d+ open/m);
    await until(() => followed.includes(`"${scan.id}"`));
    await killed(following);
    await house.browse(house.admin, 'view=threats&name=port-scan', async (page) => {
      await page.click('table.threats tbody tr:has-text("port-scan")');
      await page.waitForSelector('.panel .evidence:has-text("ports of 10.77.0.1")');
      await page.click('.acknowledging .button.primary');
      await page.waitForSelector('.acknowledging .button:text-is("Open again")');
    });
    assert.equal((await threats('name=port-scan&acknowledged=yes'))[0]?.id, scan.id);
  },
);

test('a member of the group reads, and may not acknowledge', required, async () => {
  const [scan] = await threats('name=port-scan');
  const [read, shown] = await house.member('threats', 'show', scan?.id ?? '');
  assert.equal(read, 0, shown);
  assert.match(shown, /^acknowledged +\S+ by root$/m);
  const [refused, why] = await house.member('threats', 'ack', scan?.id ?? '', '--undo');
  assert.equal(refused, 1, why);
  assert.match(why, /you may not use \S+admin\.sock\nonly root may do this/);
  assert.equal((await threats('name=port-scan'))[0]?.acknowledged?.by, 'root');
});

test(
  'hostd killed in the middle of an attack: each incident is there once, and acknowledged as it was',
  required,
  async () => {
    const before = await threats('name=port-scan');
    const [scan] = before;
    await house.killHostd();
    house.lab.refusedConnections(portsFrom(7101));
    await house.startHostd();
    const after = await until(async () => {
      const found = await threats('name=port-scan');
      return found.some(({ id, count }) => id !== scan?.id || count > scan.count) ? found : null;
    });
    const old = after.find(({ id }) => id === scan?.id);
    assert.deepEqual([old?.first, old?.acknowledged?.by], [scan?.first, 'root']);
    assert.equal(new Set(after.map(({ id }) => id)).size, after.length);
  },
);
