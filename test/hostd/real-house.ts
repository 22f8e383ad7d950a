// A hostd without rights beside a real vmoat-dp, for tests: real packets of a guest in a namespace, and each of the
// two may be killed in the middle of them.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before } from 'node:test';
import type { Page as BrowserPage } from 'playwright-core';
import { Flow, Page, Status, WebLogin } from '../../hostd/api/schema.ts';
import { adminSocket } from '../../hostd/base/admin-socket.ts';
import { Browser } from '../browser/chromium.ts';
import { VMOAT, VMOAT_HOSTD } from '../programs.ts';
import { hasLab, Lab } from '../wire/lab.ts';
import { askSocket } from './ask.ts';
import { until } from './until.ts';

/** Whose hostd is, and whose group may read. */
const NOBODY = 65_534;

export const required = { skip: !hasLab, timeout: 300_000 };

export class RealHouse {
  readonly lab: Lab;
  readonly socket: string;
  readonly #home: string;
  readonly #children = new Set<ChildProcess>();
  #dp: ReturnType<Lab['dp']> | null = null;
  #hostd: ChildProcess | null = null;

  /** Stands while the tests of this file run. */
  constructor() {
    this.lab = new Lab('hos');
    this.#home = join(this.lab.folder, 'hostd');
    this.socket = join(this.#home, 'api.sock');
    before(() => (hasLab ? this.#open() : undefined), { timeout: 200_000 });
    after(() => this.#close());
  }

  /** The socket of root. */
  get admin(): string {
    return adminSocket(this.socket);
  }

  async api(path: string): Promise<unknown> {
    return (await askSocket(this.socket, `/api/v1${path}`)).json;
  }

  async status(): Promise<Status | null> {
    const answer = Status.safeParse(await this.api('/status').catch(() => null));
    return answer.success ? answer.data : null;
  }

  async flows(query: string): Promise<Flow[]> {
    return Page(Flow).parse(await this.api(`/flows?${query}&limit=1000`)).items;
  }

  /** null as long as hostd does not know of the guest's NIC. */
  async connected(): Promise<Status | null> {
    const now = await this.status();
    return now?.dataplane.state === 'connected' && now.nics.tapped === 1 ? now : null;
  }

  /** Ends with the house. */
  keep<T extends ChildProcess>(child: T): T {
    this.#children.add(child);
    child.on('exit', () => this.#children.delete(child));
    return child;
  }

  /** A command line, as hostd's own user. */
  start(...argv: string[]): ChildProcess {
    return this.#node([VMOAT, '--socket', this.socket, ...argv]);
  }

  async ran(...argv: string[]): Promise<string> {
    const [code, out] = await said(this.start(...argv));
    assert.equal(code, 0, out);
    return out;
  }

  /** What a command line does and says for another member of hostd's group. */
  async member(...argv: string[]): Promise<[code: number | null, out: string]> {
    const uid = NOBODY - 1;
    const home = join(this.lab.folder, 'member');
    mkdirSync(home, { recursive: true });
    chownSync(home, uid, NOBODY);
    return said(this.#node([VMOAT, '--socket', this.socket, ...argv], { uid, home, stderr: 'pipe' }));
  }

  async startHostd(): Promise<void> {
    const config = join(this.lab.folder, 'vmoat.yaml');
    this.#hostd = this.#node([VMOAT_HOSTD, '--config', config]);
    this.#hostd.stdout?.resume();
    await until(() => this.connected(), 120_000);
  }

  async killHostd(): Promise<void> {
    assert.ok(this.#hostd);
    await killed(this.#hostd);
  }

  /** The lab's dp gives its socket to root's group, the first that may connect. */
  async startDp(): Promise<void> {
    const started = this.lab.dp('--user', String(NOBODY));
    this.#dp = started;
    await until(() => started.output().includes('vmoat-dp is up'), 60_000);
    chownSync(this.lab.socket, 0, NOBODY);
  }

  /** Resolves when it is gone; `meanwhile` is asked after the signal. */
  async killDp(meanwhile: () => Promise<unknown>): Promise<void> {
    assert.ok(this.#dp);
    this.#dp.child.kill('SIGKILL');
    await meanwhile();
    await this.#dp.exited;
  }

  /** The page, with this search, for who may ask `socket` for it. */
  async browse(socket: string, search: string, look: (page: BrowserPage) => Promise<void>): Promise<void> {
    const answer = await askSocket(socket, '/api/v1/web-login', { method: 'POST' });
    const link = new URL(WebLogin.parse(answer.json).url);
    link.search = search;
    const browser = await Browser.start({ ignoreHTTPSErrors: true });
    try {
      await look(await browser.page(link.href));
    } finally {
      await browser.stop();
    }
  }

  #node(
    argv: string[],
    { uid = NOBODY, home = this.#home, stderr = 'inherit' as 'inherit' | 'pipe' } = {},
  ): ChildProcess {
    const child = spawn(process.execPath, argv, {
      uid,
      gid: NOBODY,
      env: { PATH: process.env.PATH ?? '', HOME: home, TMPDIR: home },
      stdio: ['ignore', 'pipe', stderr],
    });
    return this.keep(child);
  }

  async #open(): Promise<void> {
    this.lab.open();
    chmodSync(this.lab.folder, 0o755);
    mkdirSync(this.#home);
    chownSync(this.#home, NOBODY, NOBODY);
    writeFileSync(
      join(this.lab.folder, 'vmoat.yaml'),
      [
        `stateDir: ${join(this.#home, 'state')}`,
        `sockets: { api: ${this.socket}, dataplane: ${this.lab.socket} }`,
        'web: { listen: "127.0.0.1:0" }',
        `libvirt: { bus: "unix:path=${join(this.lab.folder, 'no-bus')}" }`,
      ].join('\n'),
    );
    await this.startDp();
    await this.startHostd();
  }

  async #close(): Promise<void> {
    for (const child of this.#children) await killed(child);
    await this.lab.close();
  }
}

export async function killed(child: ChildProcess): Promise<void> {
  const gone = once(child, 'exit');
  child.kill('SIGKILL');
  await gone;
}

async function said(child: ChildProcess): Promise<[code: number | null, out: string]> {
  let out = '';
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (chunk) => {
      out += chunk;
    });
  const [code] = await once(child, 'close');
  return [code, out];
}
