// Signing in, a server that goes away, a host without machines, a user who wants no motion.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Browser } from './chromium.ts';
import { Model } from './model.ts';
import { ModelServer, secret } from './model-server.ts';
import { options, Stage, textOf } from './stage.ts';

const server = new ModelServer(new Model());
const locked = new ModelServer(new Model(), true);
const empty = new ModelServer(new Model({ empty: true }));
const stage = new Stage(server, locked, empty);

/** A browser of its own, which ends with the test. */
async function withBrowser(
  options: Parameters<typeof Browser.start>[0],
  run: (own: Browser) => Promise<void>,
) {
  const own = await Browser.start(options);
  try {
    await run(own);
  } finally {
    await own.stop();
  }
}

test('no machines: the page says what to do', options, async () => {
  await stage.on(
    '/',
    async (page) => {
      await page.waitForSelector('.empty h2:text-is("No virtual machines yet")');
      assert.match(await textOf(page.locator('.empty')), /virsh start/);
    },
    empty,
  );
});

test('a wrong secret is refused with a reason, the right one leads in', options, async () => {
  await stage.on(
    '/?view=flows',
    async (page) => {
      await page.fill('#secret', 'wrong');
      await page.click('button[type=submit]');
      await page.waitForSelector('.error:has-text("That is not the secret.")');
      await page.fill('#secret', secret);
      await page.click('button[type=submit]');
      await page.waitForSelector('table.flows tbody tr');
    },
    locked,
  );
});

test('the link of the command line signs in and leaves no secret in the address', options, async () => {
  await withBrowser({}, async (own) => {
    const page = await own.page(`${locked.url}/#secret=${secret}`);
    await page.waitForSelector('.map-canvas');
    assert.equal(page.url(), `${locked.url}/`);
  });
});

test('a server that goes away is told of, and taken up again when it is back', options, async () => {
  await stage.on('/', async (page) => {
    await page.waitForSelector('.map-canvas canvas[data-fps]');
    await server.stop();
    await page.waitForSelector('.banner:has-text("Not connected")');
    assert.match(await textOf(page.locator('.banner')), /What you see is from \d\d:\d\d:\d\d/);
    await server.start();
    const back = page.waitForSelector('.banner', { state: 'detached' });
    await Promise.race([page.click('.banner .button'), back]); // it tries by itself as well, and may be first
    await back;
    await page.waitForSelector('.strip .item:has-text("page live")');
  });
});

test('with reduced motion the map draws once for each update and rests in between', options, async () => {
  await withBrowser({ reducedMotion: 'reduce' }, async (own) => {
    const page = await own.page(server.url);
    await page.waitForSelector('.legend button');
    await page.waitForTimeout(4000);
    const rate = await page.locator('.map-canvas canvas').getAttribute('data-fps');
    assert.ok(Number(rate) <= 4, `${rate} frames a second`);
  });
});

test('nothing was refused by the content policy, and no error was logged', options, () => {
  assert.deepEqual(stage.errors, []);
});
