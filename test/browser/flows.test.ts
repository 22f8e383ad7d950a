// The table of flows in a real Chromium: following, filters, paging, every field of a record.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Page } from 'playwright-core';
import { Model } from './model.ts';
import { ModelServer } from './model-server.ts';
import { options, Stage, textOf } from './stage.ts';

const server = new ModelServer(new Model());
const stage = new Stage(server);

test('flows follow live, stand still when told, and open with every field', options, async () => {
  await stage.on('/?view=flows', async (page) => {
    await page.waitForSelector('table.flows tbody tr');
    const firstRow = () => textOf(page.locator('table.flows tbody tr').first());
    const before = await firstRow();
    await page.waitForFunction(
      (old) => document.querySelector('table.flows tbody tr')?.textContent !== old,
      before,
    );
    await page.keyboard.press('l');
    assert.match(page.url(), /follow=off/);
    await page.waitForSelector('.waiting');
    await page.click('.waiting');
    await page.locator('table.flows tbody tr').first().click();
    await page.waitForSelector('.panel .kind:text-is("flow")');
    const panel = await textOf(page.locator('.panel'));
    for (const field of ['Why', 'Segment', 'Verdict', 'Confidence', 'Packets', 'Tunnel', 'Anomalies'])
      assert.ok(panel.includes(field), field);
    assert.match(page.url(), /flow=f\d+/);
  });
});

test('filters go to the server and the URL, and an empty result offers the way out', options, async () => {
  await stage.on('/?view=flows&app=redis&follow=off', async (page) => {
    await page.waitForSelector('table.flows tbody tr');
    const apps = await page.locator('table.flows tbody tr td:nth-child(4)').allInnerTexts();
    assert.ok(apps.length > 5 && apps.every((app) => app.trim() === 'redis'));
    await page.fill('.filters input[placeholder^=Name]', 'nobody has this');
    await page.waitForSelector('.empty h2:text-is("Nothing matches the filter")');
    assert.match(page.url(), /q=nobody\+has\+this/);
    await page.click('.empty .button');
    await page.waitForSelector('table.flows tbody tr');
    assert.equal(new URL(page.url()).search, '?view=flows&follow=off');
  });
});

const rowsOf = (page: Page): Promise<number> =>
  page.locator('table.flows').getAttribute('aria-rowcount').then(Number);

const toItsEnd = (page: Page): Promise<void> =>
  page.locator('.rows').evaluate((element) => element.scrollTo({ top: element.scrollHeight }));

const moreRowsThan = (page: Page, old: number) =>
  page.waitForFunction(
    (old) => Number(document.querySelector('table.flows')?.getAttribute('aria-rowcount')) > old,
    old,
  );

test('a long table holds few rows, and fetches more as it is scrolled', options, async () => {
  await stage.on('/?view=flows&follow=off', async (page) => {
    await page.waitForSelector('table.flows tbody tr');
    const before = await rowsOf(page);
    assert.ok((await page.locator('table.flows tbody tr').count()) < 70);
    await toItsEnd(page);
    await moreRowsThan(page, before);
  });
});

test('a table at its end fetches more also when it was asked for anew meanwhile', options, async () => {
  await stage.on('/?view=flows&follow=off', async (page) => {
    await page.waitForSelector('table.flows tbody tr');
    const before = await rowsOf(page);
    const neverAnswered = page.waitForRequest(/flows\?.*cursor=/);
    await page.route(/flows\?.*cursor=/, () => {}, { times: 1 });
    await toItsEnd(page);
    await neverAnswered;
    await server.stop();
    await page.waitForSelector('.banner:has-text("Not connected")');
    await server.start();
    await page.click('.banner .button');
    await moreRowsThan(page, before);
  });
});

test('nothing was refused by the content policy, and no error was logged', options, () => {
  assert.deepEqual(stage.errors, []);
});
