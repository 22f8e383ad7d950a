// Map, list, panels, keys and URLs in a real Chromium, against a served model.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Page } from 'playwright-core';
import { Model } from './model.ts';
import { ModelServer } from './model-server.ts';
import { options, Stage, textOf, vm } from './stage.ts';

const hostile = '<img src=x onerror=document.title=1>';
const server = new ModelServer(new Model({ hostileName: hostile }));
const stage = new Stage(server);

/** No place on the map is farther than 15 pixels from a point of the two grids: the smallest node's radius is 16. */
const step = 30;
const grids = [0, step / 2];

/** Moves the pointer over the map until the tooltip names this node or edge, twice at the same place; returns where. */
async function findOnMap(page: Page, name: string): Promise<{ x: number; y: number }> {
  const box = await page.locator('.map-canvas').boundingBox();
  assert.ok(box);
  const named = () => page.locator('.tooltip b').allTextContents();
  for (const shift of grids)
    for (let y = box.y + 40 + shift; y < box.y + box.height; y += step)
      for (let x = box.x + 220 + shift; x < box.x + box.width; x += step) {
        await page.mouse.move(x, y);
        if ((await named())[0] !== name) continue;
        await page.waitForTimeout(100);
        if ((await named())[0] === name) return { x, y };
      }
  throw new Error(`${name} is nowhere on the map`);
}

test('the map draws, names what is under the pointer and opens it by a click', options, async () => {
  await stage.on('/', async (page) => {
    await page.waitForSelector('.map-canvas canvas[data-fps]');
    const { x, y } = await findOnMap(page, 'cache');
    await page.mouse.click(x, y);
    await page.waitForSelector('.panel h2:text-is("cache")');
    assert.match(page.url(), new RegExp(`\\?node=${vm(2)}$`));
    await page.locator('.panel .uses', { hasText: 'redis' }).first().waitFor();
    await page.waitForSelector('.panel .plot canvas');
    await page.locator('.panel dd:text-is("learn, the default")').waitFor();
    assert.match(
      await textOf(page.locator('.nic').first()),
      /tapped[\s\S]*10\.4\.0\.4[\s\S]*dhcp[\s\S]*vnet2[\s\S]*tcx/,
    );
    await page.locator('.panel .uses button', { hasText: 'redis' }).first().click();
    await page.locator('.panel .edge-ends small:text-is("server, learn")').waitFor();
    await page.locator('.panel dd:text-is("learn")').waitFor();
    await page.keyboard.press('Escape');
    await page.waitForSelector('.panel', { state: 'detached' });
    assert.equal(new URL(page.url()).search, '');
  });
});

test('a dragged node stays where it was put, also after a reload', options, async () => {
  await stage.on('/', async (page) => {
    await page.waitForSelector('.map-canvas canvas[data-fps]');
    const stored = () =>
      page.evaluate(() =>
        JSON.stringify(JSON.parse(localStorage.getItem('vmoat.places.v1') ?? '{}').multicast),
      );
    const from = await findOnMap(page, 'multicast');
    const before = await stored();
    await page.mouse.move(from.x, from.y);
    await page.mouse.down();
    await page.mouse.move(from.x + 60, from.y + 40, { steps: 5 });
    await page.mouse.up();
    await page.waitForFunction(
      (old) => JSON.stringify(JSON.parse(localStorage.getItem('vmoat.places.v1') ?? '{}').multicast) !== old,
      before,
    );
    const place = await stored();
    await page.reload();
    await page.waitForSelector('.map-canvas canvas[data-fps]');
    await page.waitForTimeout(1500);
    assert.equal(await stored(), place);
  });
});

test('keys lead over the map and between the views', options, async () => {
  await stage.on('/', async (page) => {
    await page.waitForSelector('.map-canvas canvas[data-fps]');
    await page.locator('.map-canvas').focus();
    await page.keyboard.press('ArrowRight');
    await page.waitForSelector('.panel h2');
    const first = await textOf(page.locator('.panel h2'));
    await page.keyboard.press('ArrowUp');
    await page.waitForFunction((name) => document.querySelector('.panel h2')?.textContent !== name, first);
    assert.match(await textOf(page.locator('[aria-live=polite]')), /^Selected: /);
    await page.keyboard.press('Escape');
    await page.keyboard.press('3');
    await page.waitForSelector('table.flows tbody tr');
    await page.keyboard.press('2');
    await page.waitForSelector('table.connections tbody tr');
    await page.keyboard.press('/');
    await page.keyboard.type('postg');
    await page.keyboard.press('Enter');
    await page.waitForSelector('.panel h2:text-is("postgres-main")');
    await page.keyboard.press('?');
  });
});

test('back and forward lead through views and selections', options, async () => {
  await stage.on('/?view=list', async (page) => {
    await page.click('table.nodes button:text-is("web-1")');
    await page.waitForSelector('.panel h2:text-is("web-1")');
    await page.click('.tabs button:text-is("Flows")');
    await page.waitForSelector('table.flows tbody tr');
    await page.goBack();
    await page.waitForSelector('table.nodes');
    await page.goBack();
    await page.waitForSelector('.panel', { state: 'detached' });
    await page.goForward();
    await page.waitForSelector('.panel h2:text-is("web-1")');
  });
});

test('the list says the same as the map, also why a NIC is not tapped', options, async () => {
  await stage.on('/?view=list', async (page) => {
    await page.waitForSelector('table.nodes tbody tr');
    const nodes = await textOf(page.locator('table.nodes'));
    assert.match(nodes, /old-build[\s\S]*shut off/);
    assert.match(nodes, /1 of 2 tapped/);
    const edges = await textOf(page.locator('table.connections'));
    for (const app of ['http', 'redis', 'postgresql', 'mysql', 'ssh', 'dns', 'dhcp', 'tls'])
      assert.ok(edges.includes(app), app);
  });
  await stage.on(`/?node=${vm(6)}`, async (page) => {
    await page.locator('.nic .reason').waitFor();
    assert.match(await textOf(page.locator('.nic .reason')), /user-mode network/);
  });
});

test('what a guest calls itself is text and nothing else', options, async () => {
  await stage.on(`/?view=list&node=${vm(6)}`, async (page) => {
    await page.waitForSelector('.panel h2');
    assert.equal(await textOf(page.locator('.panel h2')), hostile);
    assert.ok((await textOf(page.locator('table.nodes'))).includes(hostile));
    assert.equal(await page.locator('img[src="x"]').count(), 0);
    assert.equal(await page.title(), 'vmoat');
  });
});

test('a past window asks for history and says so', options, async () => {
  await stage.on('/', async (page) => {
    await page.waitForSelector('.map-canvas');
    const asked = page.waitForRequest((request) => /\/graph\?level=vm&since=.*&until=/.test(request.url()));
    await page.selectOption('.window select', '1h');
    await asked;
    assert.match(page.url(), /window=1h/);
    await page.selectOption('.window select', 'span');
    await page.waitForSelector('input[type=datetime-local]');
    assert.match(page.url(), /since=.*until=/);
  });
});

test('the legend leaves one application bright', options, async () => {
  await stage.on('/', async (page) => {
    await page.click('.legend button:has-text("redis")');
    assert.match(page.url(), /app=redis/);
    await page.waitForSelector('.focus:has-text("Only redis")');
    await page.click('.focus .button');
    assert.equal(new URL(page.url()).search, '');
  });
});

test('the strip tells losses by cause and opens in full', options, async () => {
  server.model.lost['ring full'] = 1234;
  await stage.on('/', async (page) => {
    await page.waitForSelector('.strip .item:has-text("lost 1.23k")');
    await page.click('.strip > button');
    assert.match(await textOf(page.locator('.status-details')), /ring full\s*1\.23k/);
  });
  server.model.lost['ring full'] = 0;
});

test('nothing was refused by the content policy, and no error was logged', options, () => {
  assert.deepEqual(stage.errors, []);
});
