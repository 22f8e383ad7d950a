// nDPI as the fallback, over the recorded capture of a protocol that no recogniser knows.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { loadAddon } from '../../dp/client/index.ts';
import { findFallback } from '../../dp/service/fallback.ts';
import { VMOAT } from '../programs.ts';

const capture = (name: string): string =>
  fileURLToPath(new URL(`../pcap/${name}/capture.pcap`, import.meta.url));

interface Line {
  type: string;
  app?: string;
  confidence?: string;
}

function flowsOf(name: string, ...flags: string[]): Line[] {
  const argv = [VMOAT, 'pcap', '--json', ...flags, capture(name)];
  const ran = spawnSync(process.execPath, argv, { encoding: 'utf8' });
  assert.equal(ran.status, 0, ran.stderr);
  return ran.stdout
    .trimEnd()
    .split('\n')
    .map((line): Line => JSON.parse(line))
    .filter(({ type }) => type === 'flow');
}
const said = (flows: Line[]): (string | undefined)[][] =>
  flows.map(({ app, confidence }) => [app, confidence]);

test('what no recogniser knows stays unknown, unless nDPI is asked for: then it is a guess of its own', () => {
  const without = said(flowsOf('unknown/coap'));
  assert.ok(without.length > 0);
  for (const flow of without) assert.deepEqual(flow, [undefined, undefined]);
  const asked = said(flowsOf('unknown/coap', '--fallback', 'ndpi'));
  assert.equal(asked.length, without.length);
  for (const flow of asked) assert.deepEqual(flow, ['ndpi/coap', 'guess']);
});

test('what a recogniser knows is not asked about', () => {
  assert.deepEqual(said(flowsOf('http/nginx', '--fallback', 'ndpi')), said(flowsOf('http/nginx')));
});

test('a library that is not there is a warning, and the data plane does without', () => {
  const lines: unknown[][] = [];
  const addon = {
    ...loadAddon(),
    fallbackNames: (): string[] => {
      throw new Error('nDPI is not there');
    },
  };
  const found = findFallback(addon, 'ndpi', (...line) => void lines.push(line));
  assert.deepEqual(found, {
    library: 'none',
    names: [],
    told: { library: 'ndpi', reason: 'nDPI is not there' },
  });
  assert.equal(lines[0]?.[0], 'warn');
  assert.deepEqual(
    findFallback(addon, 'none', () => undefined),
    { library: 'none', names: [], told: null },
  );
});
