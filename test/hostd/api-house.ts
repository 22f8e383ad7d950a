// A hostd whose API has something of everything: VMs, flows, incidents and names.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before } from 'node:test';
import type { z } from 'zod';
import { Flow, LearnedName, Page, Status, Threat, Workload } from '../../hostd/api/schema.ts';
import { type Asked, askSocket } from './ask.ts';
import { House, until, WEB } from './house.ts';

export const page = mkdtempSync(join(tmpdir(), 'hos-page-'));
mkdirSync(join(page, 'assets'));
writeFileSync(join(page, 'index.html'), '<!doctype html><title>vmoat</title>');
writeFileSync(join(page, 'assets', 'main-abc.js'), 'export {};');

export const house = new House((config) => {
  config.web.root = page;
  const at = { host: '127.0.0.1', facility: 'daemon', appName: 'vmoat', ca: null, timeoutMs: 1000 } as const;
  config.syslog = [{ name: 'central', transport: 'udp', port: 9, ...at }];
});
export const V1 = '/api/v1';
export const ask = (path: string, asked?: Asked) => askSocket(house.config.sockets.api, path, asked);
export const get = async <S extends z.ZodType>(schema: S, path: string): Promise<z.infer<S>> => {
  const answer = await ask(`${V1}${path}`);
  assert.equal(answer.status, 200, answer.text);
  return schema.parse(answer.json);
};
export const now = Date.now();

before(async () => {
  await house.open();
  await until(async () => (await get(Status, '/status')).dataplane.state === 'connected');
  await until(async () => (await get(Status, '/status')).libvirt.domains === 3);
  house.addresses();
  house.status();
  await until(async () => (await get(Workload, `/workloads/${WEB}`)).nics[0]?.addresses.length);
  house.flows(
    { id: 1, srcSlot: 1, dstSlot: 2, dport: 5432, layers: [4], firstMs: now - 3000, lastMs: now },
    {
      id: 2,
      srcSlot: 1,
      dst: [192, 0, 2, 7],
      dport: 443,
      layers: [2, 3],
      firstMs: now - 2000,
      facts: [[2, Buffer.from('Example.org')]],
    },
    {
      id: 3,
      srcSlot: 2,
      dstSlot: 1,
      src: [10, 0, 0, 2],
      dst: [10, 0, 0, 1],
      dport: 9999,
      firstMs: now - 1000,
      end: 2,
      violation: true,
    },
  );
  await until(async () => (await get(Page(Flow), '/flows')).items.length === 3);
  house.threats(
    { id: 1, firstMs: now - 3000, count: 7, flow: 1, dport: 5432, evidence: '\u001b[2J<b>' },
    { id: 2, firstMs: now - 2000, dst: [192, 0, 2, 7] },
    { id: 3, threat: 1, firstMs: now - 1000, slot: 2, fromNic: false, src: [192, 0, 2, 9] },
    { id: 4, threat: 2, firstMs: now - 500, src: null, dst: null, slot: 2 },
  );
  await until(async () => (await get(Page(Threat), '/threats')).items.length === 4);
  house.names(
    { name: 'www.example.org', seenMs: now - 3000 },
    { name: 'example.org', address: [192, 0, 2, 2], slot: 2, seenMs: now - 2000 },
    { name: 'www.example.net', slot: 9, seenMs: now - 1000 },
    { name: 'over.example.org', seenMs: now - 400_000 },
  );
  await until(async () => (await get(Page(LearnedName), '/names')).items.length === 3);
});
after(async () => {
  await house.close();
  rmSync(page, { recursive: true });
});
