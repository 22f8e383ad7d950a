// One served model and one browser for a test file, and how its tests open pages.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { after, before } from 'node:test';
import type { Locator, Page } from 'playwright-core';
import { Browser, hasChromium } from './chromium.ts';
import type { ModelServer } from './model-server.ts';

export const options = { skip: hasChromium ? false : 'no Chromium', timeout: 60_000 };

/** What a browser logs by itself when a server refuses or goes away. */
const expected =
  /401|404|ERR_CONNECTION_REFUSED|ERR_INCOMPLETE_CHUNKED_ENCODING|ERR_EMPTY_RESPONSE|ERR_CONNECTION_RESET/;

export class Stage {
  readonly #servers: readonly ModelServer[];
  #browser: Browser | null = null;

  /** Starts before the file's tests and stops after them; the first server is the one that `on` opens. */
  constructor(...servers: ModelServer[]) {
    this.#servers = servers;
    before(() => this.#start());
    after(() => this.#stop());
  }

  async #start(): Promise<void> {
    if (!hasChromium) return;
    assert.ok(
      existsSync('build/web/index.html'),
      'build the page first: npx vite build -c web/vite.config.ts',
    );
    for (const server of this.#servers) await server.start();
    this.#browser = await Browser.start();
  }

  async #stop(): Promise<void> {
    await this.#browser?.stop();
    if (this.#browser) for (const server of this.#servers) await server.stop();
  }

  /** Opens the path in a page of its own, which is closed afterwards. */
  async on(path: string, run: (page: Page) => Promise<void>, at = this.#servers[0]): Promise<void> {
    assert.ok(this.#browser && at);
    const page = await this.#browser.page(at.url + path);
    try {
      await run(page);
    } finally {
      await page.close();
    }
  }

  /** Errors of the pages, refusals by the content policy among them. */
  get errors(): string[] {
    return (this.#browser?.errors ?? []).filter((error) => !expected.test(error));
  }
}

export const textOf = async (place: Locator): Promise<string> => (await place.textContent()) ?? '';

/** UUID of the model's VM. */
export const vm = (i: number): string => `5a7e0000-0000-4000-8000-${String(i).padStart(12, '0')}`;
