// The threats in a real Chromium: list, filters, panel, acknowledging, marks on the map, hostile evidence.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Model } from './model.ts';
import { uuid } from './model-parts.ts';
import { ModelServer } from './model-server.ts';
import { options, Stage, textOf, vm } from './stage.ts';

const hostile = '<img src=x onerror=alert(1)>\u001b[2J\u202egpj\u0000{jndi:ldap://x}';

function attacked(): Model {
  const model = new Model();
  const now = Date.now();
  const flow = model.flows.find(
    ({ from, to }) => from?.kind === 'vm' && ![from.id, to?.id].includes(uuid(5)),
  );
  assert.ok(flow?.from && flow.to);
  model.addThreat(now - 60_000, { name: 'ssh-v1', source: 'x' });
  model.addThreat(now - 50_000, { count: 3 });
  model.addThreat(now - 40_000, { toId: uuid(2), count: 4 });
  model.addThreat(now - 30_000, {
    name: 'log4shell',
    fromId: flow.from.id,
    toId: flow.to.id,
    evidence: hostile,
    flow: flow.id,
  });
  flow.threats = ['log4shell'];
  return model;
}

const server = new ModelServer(attacked());
const quiet = new ModelServer(new Model());
const viewed = new ModelServer(attacked());
viewed.role = 'viewer';
const changed = new ModelServer(attacked());
const stage = new Stage(server, quiet, viewed, changed);

const rows = 'table.threats tbody tr';

test(
  'a row for what one source does, the worst first, and hostile evidence is only text',
  options,
  async () => {
    await stage.on('/?view=threats', async (page) => {
      await page.waitForFunction(() => document.querySelectorAll('table.threats tbody tr').length === 3);
      const names = await page.locator(`${rows} td:nth-child(2)`).allInnerTexts();
      assert.deepEqual(names, ['log4shell', 'port-scan', 'ssh-v1']);
      const scan = await textOf(page.locator(rows).nth(1));
      assert.match(scan, /medium.*port-scan.*2 addresses.*2.*7.*open/);
      const evidence = await textOf(page.locator(`${rows} td:nth-child(5)`).first());
      assert.equal(evidence, '<img src=x onerror=alert(1)>\\u{1b}[2J\\u{202e}gpj\\u{0}{jndi:ldap://x}');
      assert.equal(await page.locator(`${rows} img`).count(), 0);
    });
  },
);

test('the number of open threats stands in header and strip, and a key leads to them', options, async () => {
  await stage.on('/', async (page) => {
    await page.waitForSelector('.tabs .count.critical:text-is("4")');
    await page.waitForSelector('.strip .item:has-text("threats 4 open")');
    await page.keyboard.press('4');
    await page.waitForSelector(rows);
    assert.match(page.url(), /view=threats/);
  });
});

test('filters are in the URL and go to the server; nothing left offers the way out', options, async () => {
  await stage.on('/?view=threats&severity=medium', async (page) => {
    await page.waitForFunction(() => document.querySelectorAll('table.threats tbody tr').length === 2);
    await page.selectOption('.filters label:has-text("Threat") select', 'log4shell');
    await page.waitForFunction(() => document.querySelectorAll('table.threats tbody tr').length === 1);
    assert.match(page.url(), /name=log4shell&severity=medium/);
    await page.fill('.filters input[placeholder^=Name]', 'nobody has this');
    await page.waitForSelector('.empty h2:text-is("No threat passes the filter")');
    await page.click('.empty .button');
    await page.waitForFunction(() => document.querySelectorAll('table.threats tbody tr').length === 3);
    assert.equal(new URL(page.url()).search, '?view=threats');
  });
});

test('an incident opens with its proof, its ends and its flow, by keyboard alone', options, async () => {
  await stage.on('/?view=threats', async (page) => {
    await page.waitForSelector(rows);
    await page.locator(`${rows} button`).first().focus();
    await page.keyboard.press('Enter');
    await page.waitForSelector('.panel .evidence');
    const panel = await textOf(page.locator('.panel'));
    for (const part of ['log4shell', 'A request that makes Log4j', '{jndi:ldap://x}', 'would deny it', 'Why'])
      assert.ok(panel.includes(part), part);
    assert.match(page.url(), /threat=t4/);
    await page.waitForSelector(`${rows}.chosen`);
    await page.click('.panel .button:text-is("Its flow")');
    await page.waitForSelector('.panel .kind:text-is("flow")');
    await page.click('.panel .threat-link');
    await page.waitForSelector(rows);
    assert.match(page.url(), /name=log4shell/);
    await page.keyboard.press('Escape');
    await page.waitForSelector('.panel', { state: 'detached' });
  });
});

test('acknowledged incidents leave the list, and come back', options, async () => {
  const at = changed;
  await stage.on(
    '/?view=threats',
    async (page) => {
      await page.click(`${rows}:has-text("port-scan")`);
      await page.fill('.acknowledging input', 'our own scanner');
      await page.click('.acknowledging .button:text-is("All of this source")');
      await page.waitForSelector('.acknowledging:has-text("our own scanner")');
      await page.waitForSelector(`${rows}:has-text("port-scan")`, { state: 'detached' });
      await page.waitForSelector('.strip .item:has-text("threats 2 open")');
      assert.ok(
        at.model.threats.every((threat) => (threat.name === 'port-scan') === (threat.acknowledged !== null)),
      );
      await page.click('.filters .switch');
      await page.waitForSelector(`${rows}:has-text("acknowledged")`);
      assert.match(page.url(), /acknowledged=all/);
      await page.click('.acknowledging .button:text-is("Open again")');
      await page.waitForSelector('.acknowledging input');
      await page.waitForSelector(`${rows}:has-text("1 open")`);
    },
    at,
  );
});

test('a viewer reads, and is told who acknowledges', options, async () => {
  await stage.on(
    '/?view=threats&threat=t2',
    async (page) => {
      await page.waitForSelector('.acknowledging:has-text("sudo vmoat web-login")');
      assert.equal(await page.locator('.acknowledging .button').count(), 0);
    },
    viewed,
  );
});

test('a new incident is on the page without being asked for; before there is none', options, async () => {
  await stage.on(
    '/?view=threats',
    async (page) => {
      await page.waitForSelector('.empty h2:text-is("No open threats")');
      await page.waitForSelector('.strip .item:has-text("threats none open")');
      const threat = quiet.model.addThreat(Date.now(), { name: 'log4shell' });
      quiet.send({ kind: 'threats', threats: [threat] });
      await page.waitForSelector(`${rows}:has-text("log4shell")`);
      await page.waitForSelector('.tabs .count.critical:text-is("1")');
    },
    quiet,
  );
});

test('what cannot be read is said', options, async () => {
  await stage.on('/?view=map', async (page) => {
    await page.route(/threat-groups/, (route) =>
      route.fulfill({ status: 404, json: { code: 'x', message: 'The history is closed.', hint: 'Wait.' } }),
    );
    await page.waitForSelector('.tabs button');
    await page.keyboard.press('4');
    await page.waitForSelector('.empty:has-text("The history is closed. Wait.")');
    await page.goto(`${server.url}/?view=threats&threat=none`);
    await page.waitForSelector('.panel:has-text("there is no such incident")');
  });
});

test('nodes and edges of the map that have open threats say so, and lead to them', options, async () => {
  await stage.on(`/?node=${vm(5)}`, async (page) => {
    await page.waitForSelector('.panel .threat-marks:has-text("3 open threats, medium")');
    await page.click('.panel .threat-marks');
    await page.waitForSelector(rows);
    assert.match(page.url(), new RegExp(`view=threats&workload=${vm(5)}`));
    await page.goto(`${server.url}/?view=list`);
    await page.waitForSelector('table.nodes tr:has-text("3 open threats, medium")');
  });
});

test('nothing was refused by the content policy, and no error was logged', options, () => {
  assert.deepEqual(stage.errors, []);
});
