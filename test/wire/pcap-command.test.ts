// `vmoat pcap` as a user runs it: outputs, exit codes, broken files, pipes.
import assert from 'node:assert/strict';
import { execFileSync, type SpawnSyncReturns, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { VMOAT } from '../programs.ts';
import { dnsQuery, pcap } from './capture.ts';

const HEAD_BYTES = 24;
const RECORD_BYTES = 16;

const frames = [dnsQuery(1, 'one.example'), dnsQuery(2, 'two.example'), dnsQuery(2, 'two.example')];
let folder: string;
let good: string;

before(() => {
  folder = mkdtempSync(join(tmpdir(), 'vmoat-pcap-'));
  good = file('good.pcap', pcap(frames));
});
after(() => rmSync(folder, { recursive: true, force: true }));

function file(name: string, bytes: Buffer): string {
  writeFileSync(join(folder, name), bytes);
  return join(folder, name);
}

const vmoat = (args: string[]): SpawnSyncReturns<string> =>
  spawnSync(process.execPath, [VMOAT, 'pcap', ...args], { encoding: 'utf8' });

interface Line {
  [key: string]: unknown;
  type: string;
}
const recordOf = (value: unknown): Record<string, unknown> => value as Record<string, unknown>;

function lines({ stdout }: { stdout: string }): { flows: Line[]; summaries: Line[] } {
  const all = stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Line);
  return {
    flows: all.filter(({ type }) => type === 'flow'),
    summaries: all.filter(({ type }) => type === 'summary'),
  };
}

test('--json: a line per flow, a summary per file, exit code 0', () => {
  const run = vmoat(['--json', good, good]);
  assert.equal(run.status, 0, run.stderr);
  const { flows, summaries } = lines(run);
  assert.equal(flows.length, 4);
  const [first] = flows.filter((flow) => flow.src === '10.0.0.1');
  assert.deepEqual(
    { ...first, id: '' },
    {
      type: 'flow',
      id: '',
      parent: null,
      segment: '0',
      proto: 'udp',
      src: '10.0.0.1',
      sport: 40_001,
      dst: '10.0.0.53',
      dport: 53,
      direction: first?.direction,
      app: 'dns',
      confidence: first?.confidence,
      tunnel: [],
      packets: [1, 0],
      bytes: [frames[0]?.length, 0],
      first: '2026-01-01T00:00:00.000000Z',
      last: '2026-01-01T00:00:00.000000Z',
      end: 'eof',
      facts: first?.facts,
      threats: [],
      anomalies: [],
    },
  );
  assert.equal(recordOf(first?.facts)['dns.query'], 'one.example');
  const summary = { frames: 3, flows: 2, unparsed: 0, anomalies: {}, threats: [], broken: null };
  assert.deepEqual(summaries, [
    { type: 'summary', file: good, ...summary },
    { type: 'summary', file: good, ...summary },
  ]);
  assert.equal(run.stderr, '');
});

test('a table by default, the summary alone with -q', () => {
  const table = vmoat([good]);
  assert.equal(table.status, 0, table.stderr);
  assert.match(table.stdout, /^PROTO +CLIENT +SERVER +APP/);
  assert.match(table.stdout, /udp +10\.0\.0\.2:40002 +10\.0\.0\.53:53 +dns.*two\.example/);
  assert.match(table.stdout, /good\.pcap: 3 frames, 2 flows\n$/);
  const quiet = vmoat(['-q', good]);
  assert.equal(quiet.stdout, `${good}: 3 frames, 2 flows\n`);
  assert.equal(lines(vmoat(['-q', '--json', good])).summaries[0]?.flows, 2);
});

test('compressed files and standard input', () => {
  const packed = file('good.pcap.gz', gzipSync(pcap(frames)));
  assert.equal(lines(vmoat(['--json', packed])).flows.length, 2);
  const script = 'cat "$2" | "$0" "$1" pcap --json -';
  const stdout = execFileSync('sh', ['-c', script, process.execPath, VMOAT, good], { encoding: 'utf8' });
  assert.equal(lines({ stdout }).flows.length, 2);
});

test('a file that breaks: what is readable first, then the byte offset, exit code 1', () => {
  const whole = pcap(frames);
  const third = HEAD_BYTES + 2 * RECORD_BYTES + (frames[0]?.length ?? 0) + (frames[1]?.length ?? 0);
  const cut = file('cut.pcap', whole.subarray(0, third + RECORD_BYTES + 10));
  const absurd = Buffer.from(whole);
  absurd.writeUInt32LE(0x7fff_ffff, third + 8);
  const packed = gzipSync(whole.subarray(0, third + 5));
  for (const broken of [cut, file('absurd.pcap', absurd), file('cut.pcap.gz', packed)]) {
    const run = vmoat(['--json', broken, good]);
    assert.equal(run.status, 1);
    const { flows, summaries } = lines(run);
    assert.equal(flows.length, 4, broken);
    assert.equal(summaries[0]?.frames, 2);
    const where = summaries[0]?.broken as { offset: number; reason: string };
    assert.equal(where.offset, third, where.reason);
    assert.ok(run.stderr.includes(`broken at byte ${where.offset}: ${where.reason}`), run.stderr);
    assert.equal(summaries[1]?.broken, null);
  }
});

test('what is no capture at all, or not there, is said and is exit code 1', () => {
  for (const [path, reason] of [
    [join(folder, 'missing.pcap'), /No such file/],
    [folder, /./],
    [file('empty.pcap', Buffer.alloc(0)), /./],
    [file('text.pcap', Buffer.from('just some text, longer than a header of any kind\n')), /./],
  ] as const) {
    const run = vmoat(['--json', path]);
    assert.equal(run.status, 1, path);
    const [summary] = lines(run).summaries;
    assert.deepEqual([summary?.frames, summary?.flows], [0, 0]);
    assert.match(String(recordOf(summary?.broken).reason), reason);
  }
});

test('wrong use is exit code 2', () => {
  for (const args of [[], ['--nonsense', good]]) assert.equal(vmoat(args).status, 2, args.join(' '));
  assert.equal(vmoat(['--help']).status, 0);
});

test('progress only where it is asked for or seen', () => {
  const padded = Buffer.concat([dnsQuery(1, 'many.example'), Buffer.alloc(1400)]);
  const large = file('large.pcap', pcap(Array.from({ length: 60_000 }, () => padded)));
  assert.equal(vmoat(['-q', large]).stderr, '');
  assert.match(vmoat(['-q', '--progress', large]).stderr, /large\.pcap: \d+ %/);
});

test('a reader that leaves ends it quietly', () => {
  const many = file('many.pcap', pcap(Array.from({ length: 60_000 }, (_, i) => distinct(i))));
  const script = `"$0" "$1" pcap --json "$2" | head -n 1; echo "\${PIPESTATUS[0]}"`;
  const output = execFileSync('bash', ['-c', script, process.execPath, VMOAT, many], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [flow = '', status] = output.trimEnd().split('\n');
  assert.equal(JSON.parse(flow).type, 'flow');
  assert.equal(status, '0');
});

/** Queries that each are a flow of their own. */
function distinct(index: number): Buffer {
  const frame = dnsQuery(index & 127, 'many.example');
  frame.writeUInt16BE(1024 + (index >> 7), 34);
  return frame;
}
