// Starts Debian's Chromium for tests, with a profile of its own that is removed afterwards.
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BrowserContext, type BrowserContextOptions, chromium, type Page } from 'playwright-core';

const executablePath = '/usr/bin/chromium';
const args = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** Whether a browser test can run; where everything is required, its absence is a failure of the test. */
export const hasChromium = existsSync(executablePath) || process.env.VMOAT_REQUIRE === 'all';

/** A browser whose page's console errors and refusals by the content policy are collected in `errors`. */
export class Browser {
  readonly errors: string[] = [];
  readonly #context: BrowserContext;
  readonly #profile: string;

  private constructor(context: BrowserContext, profile: string) {
    this.#context = context;
    this.#profile = profile;
  }

  static async start(options: BrowserContextOptions = {}): Promise<Browser> {
    const profile = await mkdtemp(join(tmpdir(), 'vmoat-browser-'));
    const viewport = { width: 1440, height: 900 };
    const context = await chromium.launchPersistentContext(profile, {
      executablePath,
      args,
      viewport,
      ...options,
    });
    return new Browser(context, profile);
  }

  async page(url: string): Promise<Page> {
    const page = await this.#context.newPage();
    page.on('console', (message) => message.type() === 'error' && this.errors.push(message.text()));
    page.on('pageerror', (error) => this.errors.push(String(error)));
    await page.goto(url);
    return page;
  }

  async stop(): Promise<void> {
    await this.#context.close();
    await rm(this.#profile, { recursive: true, force: true });
  }
}
