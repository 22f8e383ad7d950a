// The page as the real hostd serves it over HTTPS: signed in by the command line's link, live, and after a restart.
import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { after, before, test } from 'node:test';
import type { Page } from 'playwright-core';
import { Status, WebLogin } from '../../hostd/api/schema.ts';
import { askSocket } from '../hostd/ask.ts';
import { House, NO_LOSS, until, WEB } from '../hostd/house.ts';
import { promised } from '../promised.ts';
import { Browser, hasChromium } from './chromium.ts';

const options = { skip: hasChromium ? false : 'no Chromium', timeout: 60_000 };
const [http, tls, https, postgresql] = [1, 2, 3, 4];
let house: House;
let browser: Browser;
let page: Page;

/** hostd comes back at the same place after its restart. */
async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve));
  const address = probe.address();
  await new Promise((resolve) => probe.close(resolve));
  return typeof address === 'object' && address ? address.port : 0;
}

async function link(): Promise<string> {
  const answer = await askSocket(house.config.sockets.api, '/api/v1/web-login', { method: 'POST' });
  return WebLogin.parse(answer.json).url;
}

before(async () => {
  if (!hasChromium) return;
  const port = await freePort();
  house = new House((config) => {
    config.web.listen = `127.0.0.1:${port}`;
  });
  await house.open();
  // Told again until it has arrived: whoever is connected may not listen yet.
  await until(async () => {
    house.addresses();
    house.status({ lost: { ...NO_LOSS, ring: 3 } });
    const answer = await askSocket(house.config.sockets.api, '/api/v1/status');
    const { lost, libvirt } = Status.parse(answer.json);
    return lost.ring === 3 && libvirt.domains === 3;
  });
  browser = await Browser.start({ ignoreHTTPSErrors: true });
});

after(async () => {
  if (!hasChromium) return;
  await browser.stop();
  await house.close();
});

const flow = (id: number, layers: number[], dport: number) => {
  const now = Date.now();
  house.flows({ id, srcSlot: 1, dstSlot: 2, dport, layers, firstMs: now - 100, lastMs: now });
};

test('without a session there is only the way in', options, async () => {
  const stranger = await browser.page(new URL('/', await link()).href);
  await stranger.waitForSelector('.login #secret');
  await stranger.fill('#secret', 'not-the-secret-of-this-host');
  await stranger.click('button[type=submit]');
  await stranger.waitForFunction(() => document.querySelector('#login-error')?.textContent !== '');
  await stranger.close();
});

test('the link signs in, and all machines are on the page', options, async () => {
  page = await browser.page(await link());
  await page.waitForSelector('.map-canvas canvas');
  assert.equal(new URL(page.url()).hash, '');
  await page.keyboard.press('2');
  for (const name of ['web-1', 'off-1']) await page.waitForSelector(`table.nodes button:text-is("${name}")`);
  await page.waitForSelector('table.nodes tr:has-text("off-1") .state.shutoff');
  const { lost } = Status.parse((await askSocket(house.config.sockets.api, '/api/v1/status')).json);
  const all = Object.values(lost).reduce((sum, count) => sum + count);
  await page.waitForSelector(`.strip .item:has-text("lost ${all}")`);
});

test('a new connection is on the page within 1.5 s', options, async (context) => {
  await page.keyboard.press('3');
  await page.waitForSelector('.filters');
  for (const [id, layers, dport] of [
    [101, [postgresql], 5432],
    [102, [tls, https], 443],
    [103, [http], 8080],
  ] as const) {
    const told = Date.now();
    flow(id, [...layers], dport);
    await page.waitForSelector(`table.flows tbody tr:has-text("tcp/${dport}")`);
    promised(context, 'a record is a row of the page', 1500, Date.now() - told);
  }
});

test('filters are the server’s own, also for history', options, async () => {
  const apps = () => page.locator('table.flows tbody td:nth-child(4)').allTextContents();
  await page.goto(`${new URL(page.url()).origin}/?view=flows&app=tls&workload=${WEB}`);
  await page.waitForSelector('table.flows tbody tr');
  assert.deepEqual(await apps(), ['tls/https']);
  await page.selectOption('.window select', '15m');
  await page.waitForFunction(() => location.search.includes('window=15m'));
  await page.waitForSelector('table.flows tbody tr:has-text("tls/https")');
  await page.goto(`${new URL(page.url()).origin}/?view=flows&workload=no-such-machine`);
  await page.waitForSelector('.empty:has-text("no-such-machine") .button');
});

test('node, edge and flow open with what hostd knows', options, async () => {
  const { origin } = new URL(page.url());
  await page.goto(`${origin}/?node=${WEB}`);
  const panel = async () => (await page.locator('.panel').textContent()) ?? '';
  await page.waitForSelector('.panel .uses tr:has-text("postgresql")');
  assert.match(await panel(), /web-1[\s\S]*52:54:00:00:00:01[\s\S]*10\.0\.0\.1/);
  await page.click('.panel .uses tr:has-text("postgresql") button');
  await page.waitForSelector('.panel .edge-ends');
  await page.click('.panel .flow-rows button');
  await page.waitForSelector('.panel .kind:text-is("flow")');
  assert.match(await panel(), /Why.+Segment/);
});

test('hostd is killed and comes back: the page is live again, still signed in', options, async () => {
  await page.keyboard.press('Escape');
  await house.daemon?.stop();
  await page.waitForSelector('.banner:has-text("Not connected")');
  await house.openDaemon();
  await page.waitForSelector('.banner', { state: 'detached', timeout: 15_000 });
  await page.waitForSelector('.strip .item:has-text("page live")');
  flow(201, [http], 9090);
  await page.keyboard.press('3');
  await page.waitForSelector('table.flows tbody tr:has-text("tcp/9090")');
});

test('the content policy refused nothing', options, () => {
  assert.deepEqual(
    browser.errors.filter((error) => /content security|refused to|TypeError|ReferenceError/i.test(error)),
    [],
  );
});
