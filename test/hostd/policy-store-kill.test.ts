// kill -9 at any moment of 500 writes: what was acknowledged last is what the store says afterwards.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { build } from 'esbuild';
import { FileStore } from '../../hostd/policy/store/file-store.ts';

const WRITES = 500;
const KILLS_MIN = 25;
const folder = mkdtempSync(join(tmpdir(), 'hos-kill-'));
const writer = join(folder, 'writer.mjs');
const children = new Set<ChildProcess>();

before(async () => {
  const entryPoints = [join(import.meta.url.replace('file://', ''), '../policy-store-writer.ts')];
  await build({
    entryPoints,
    outfile: writer,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node18.19',
  });
});
after(() => {
  for (const child of children) child.kill('SIGKILL');
  rmSync(folder, { recursive: true });
});

/** Lets it acknowledge `count` writes and kills it `later_us` microseconds after; the last number it acknowledged. */
async function writeAndKill(state: string, count: number, later_us: number): Promise<number> {
  const child = spawn(process.execPath, [writer, state], { stdio: ['ignore', 'pipe', 'inherit'] });
  children.add(child);
  let said = '';
  let numbers: number[] = [];
  const killed = new Promise<void>((done) => child.once('close', () => done()));
  child.stdout.on('data', (chunk) => {
    said += String(chunk);
    const before = numbers.length;
    numbers = said.split('\n').slice(0, -1).map(Number);
    if (before < count && numbers.length >= count) killAfter(child, later_us);
  });
  await killed;
  children.delete(child);
  return numbers.at(-1) ?? 0;
}

/** Spins, for a timer is coarser than a write. */
function killAfter(child: ChildProcess, later_us: number): void {
  const end = process.hrtime.bigint() + BigInt(later_us) * 1000n;
  while (process.hrtime.bigint() < end);
  child.kill('SIGKILL');
}

test('the last acknowledged state outlives kill -9 at any moment', async () => {
  const state = join(folder, 'state');
  let written = 0;
  let kills = 0;
  for (; written < WRITES || kills < KILLS_MIN; kills++) {
    const acknowledged = await writeAndKill(state, 1 + ((kills * 7) % 30), (kills * 613) % 9000);
    const store = await FileStore.open(state);
    const live = store.state.live ?? 0;
    assert.ok(acknowledged > written, 'it went on');
    // One more may have reached the disk before it could say so.
    assert.ok(live === acknowledged || live === acknowledged + 1, `${live} after ${acknowledged}`);
    assert.equal(store.state.next, live + 1);
    assert.match(await store.text(live), new RegExp(`^(# ${live}\n)+$`));
    written = live;
  }
});
