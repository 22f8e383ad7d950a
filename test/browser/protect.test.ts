// What the dashboard says of protection in a real Chromium: a NIC that is inline, flows that did not get through, panic.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Model } from './model.ts';
import { ModelServer } from './model-server.ts';
import { options, Stage, textOf, vm } from './stage.ts';

const model = new Model();
const server = new ModelServer(model);
const stage = new Stage(server);

test('a NIC that is inline says by what, and what became of its frames', options, async () => {
  const nic = model.workloads[2]?.nics[0];
  assert.ok(nic);
  nic.protection = {
    ...{ state: 'inline', enforcer: 'splice', reason: 'a tap on a bridge', failPolicy: 'closed' },
    frames: { denied: [7, 9] },
  };
  await stage.on(`/?node=${vm(2)}`, async (page) => {
    await page.locator('.nic header span.good:text-is("inline")').waitFor();
    const card = await textOf(page.locator('.nic').first());
    for (const part of [
      'inline by splice: a tap on a bridge',
      'closed',
      'Frames denied',
      '7 from it, 9 to it',
    ])
      assert.ok(card.includes(part), `${part}: ${card}`);
  });
});

test('a flow that was dropped or reset says so where flows are listed', options, async () => {
  const flow = model.addFlow(Date.now(), 10);
  Object.assign(flow, { verdict: 'deny', violation: true, enforced: 'reset' });
  await stage.on('/?view=flows&follow=off', async (page) => {
    await page.locator('table.flows tbody td .bad:text-is("reset")').first().waitFor();
  });
});

test('a banner says that panic is on, and until when', options, async () => {
  await stage.on('/', async (page) => {
    await page.waitForSelector('.map-canvas canvas');
    assert.equal(await page.locator('.banner.panic').count(), 0);
    model.panic = { until: new Date(Date.now() + 900_000).toISOString() };
    const banner = page.locator('.banner.panic');
    await banner.waitFor();
    assert.match(
      await textOf(banner),
      /Panic: nothing is dropped or held on this host until .*vmoat panic --end/,
    );
    model.panic = null;
    await banner.waitFor({ state: 'detached' });
  });
});

test('nothing was refused by the content policy, and no error was logged', options, () => {
  assert.deepEqual(stage.errors, []);
});
