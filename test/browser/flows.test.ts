// The table of flows in a real Chromium: following, filters, paging, every field of a record.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Model } from './model.ts';
import { ModelServer } from './model-server.ts';
import { options, Stage, textOf } from './stage.ts';

const stage = new Stage(new ModelServer(new Model()));

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

test('a long table holds few rows, and fetches more as it is scrolled', options, async () => {
  await stage.on('/?view=flows&follow=off', async (page) => {
    await page.waitForSelector('table.flows tbody tr');
    const rows = () => page.locator('table.flows').getAttribute('aria-rowcount').then(Number);
    const before = await rows();
    assert.ok((await page.locator('table.flows tbody tr').count()) < 70);
    await page.locator('.rows').evaluate((element) => element.scrollTo({ top: element.scrollHeight }));
    await page.waitForFunction(
      (old) => Number(document.querySelector('table.flows')?.getAttribute('aria-rowcount')) > old,
      before,
    );
  });
});

test('nothing was refused by the content policy, and no error was logged', options, () => {
  assert.deepEqual(stage.errors, []);
});
