// One capture through the addon: back pressure, an early end, and wrong use.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { addonPath, loadAddon, type OfflineItem } from '../../dp/client/addon.ts';
import { readCapture } from '../../dp/client/capture-file.ts';
import { FlowBatch } from '../../dp/client/flow-batch.ts';
import { dnsQuery, pcap } from './capture.ts';

const FLOWS = 100_000;
let folder: string;
let path: string;

before(() => {
  folder = mkdtempSync(join(tmpdir(), 'vmoat-offline-'));
  path = join(folder, 'many.pcap');
  const frame = dnsQuery(1, 'many.example');
  const frames = Array.from({ length: FLOWS }, (_, i) => {
    const copy = Buffer.from(frame);
    copy.writeUInt32BE(0x0a010000 + (i >> 4), 26);
    copy.writeUInt16BE(1024 + (i & 15), 34);
    return copy;
  });
  writeFileSync(path, pcap(frames));
});
after(() => rmSync(folder, { recursive: true, force: true }));

const addon = loadAddon();
const soon = (): Promise<void> => new Promise((done) => setTimeout(done, 20));

test('every flow comes once, also to a reader that takes its time', async () => {
  const ids = new Set<string>();
  let batches = 0;
  const summary = await readCapture(addon, path, {
    flows: async (batch) => {
      for (const record of batch) ids.add(record.id);
      if (batches++ < 10) await soon();
    },
  });
  assert.deepEqual([summary.frames, summary.flows, ids.size], [FLOWS, FLOWS, FLOWS]);
  assert.ok(batches > 1);
});

test('without a reader flows are counted only', async () => {
  const summary = await readCapture(addon, path, {});
  assert.equal(summary.flows, FLOWS);
});

test('a run can end early, and says so afterwards', async () => {
  const run = new addon.Offline(path);
  const first = (await run.next()) as OfflineItem & { kind: 'flows' };
  assert.ok(new FlowBatch(new Uint8Array(first.body)).count > 0);
  run.close();
  run.close();
  assert.throws(() => run.next(), /has ended/);
});

test('one next() at a time; none after the summary', async () => {
  const run = new addon.Offline(path, { batches: false });
  const pending = run.next();
  assert.throws(() => run.next(), /still pending/);
  assert.equal((await pending).kind, 'summary');
  assert.throws(() => run.next(), /has ended/);
});

test('a reader that throws ends the run', async () => {
  const flows = (): Promise<void> => Promise.reject(new Error('enough'));
  await assert.rejects(readCapture(addon, path, { flows }), /enough/);
});

test('wrong arguments are an error, not a crash', () => {
  const Offline = addon.Offline as unknown as new (...args: unknown[]) => unknown;
  for (const args of [[], [7], [null], [{}]]) assert.throws(() => new Offline(...args), TypeError);
});

test('a thread that ends in the middle of a run takes the run with it', async () => {
  const code = `const { Offline } = require(${JSON.stringify(addonPath())});
    const run = new Offline(${JSON.stringify(path)});
    run.next().then(() => require('node:worker_threads').parentPort.postMessage('running'));
    run.pending = setInterval(() => {}, 1000);`;
  const worker = new Worker(code, { eval: true });
  await once(worker, 'message');
  assert.equal(await worker.terminate(), 1);
});
