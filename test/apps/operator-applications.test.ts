// An application that the operator defined, from the YAML file to the flow that bears its name.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { VMOAT } from '../programs.ts';

const folder = mkdtempSync(join(tmpdir(), 'vmoat-operator-'));
after(() => rmSync(folder, { recursive: true }));

/** An Ethernet frame with UDP over IPv4 from 10.0.0.1:40000 to 10.0.0.2:7800. */
function frame(payload: Buffer): Buffer {
  const bytes = Buffer.alloc(42);
  bytes.writeUInt16BE(0x0800, 12);
  bytes.set([0x45, 0, 0, 28 + payload.length, 0, 0, 0, 0, 64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2], 14);
  bytes.writeUInt16BE(40_000, 34);
  bytes.writeUInt16BE(7800, 36);
  bytes.writeUInt16BE(8 + payload.length, 38);
  return Buffer.concat([bytes, payload]);
}

function capture(payload: string): string {
  const bytes = frame(Buffer.from(payload));
  const header = Buffer.from('d4c3b2a1020004000000000000000000ffff000001000000', 'hex');
  const record = Buffer.alloc(16);
  record.writeUInt32LE(1_700_000_000, 0);
  record.writeUInt32LE(bytes.length, 8);
  record.writeUInt32LE(bytes.length, 12);
  const path = join(folder, 'a.pcap');
  writeFileSync(path, Buffer.concat([header, record, bytes]));
  return path;
}

function pcap(
  yaml: string,
  payload: string,
): { status: number | null; flow: Record<string, unknown>; err: string } {
  const file = join(folder, 'dp.yaml');
  writeFileSync(file, yaml);
  const args = [VMOAT, 'pcap', '--json', '--applications', file, capture(payload)];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  return { status, flow: stdout ? JSON.parse(stdout.split('\n')[0] ?? '') : {}, err: stderr };
}

const meter = (prefix: string): string =>
  `workers: 1\napplications:\n  - { name: meter, transport: udp, client: { prefix: "${prefix}" } }\n`;

test('a flow bears the name that the operator gave it', () => {
  const { status, flow } = pcap(meter('MTR1'), 'MTR1 42 kWh');
  assert.equal(status, 0);
  assert.deepEqual([flow.app, flow.confidence], ['meter', 'sure']);
});

test('another payload does not', () => {
  assert.equal(pcap(meter('MTR2'), 'MTR1 42 kWh').flow.app, undefined);
});

test('a name of vmoat’s own is wrong use, with its line', () => {
  const { status, err } = pcap(meter('a').replace('meter', 'dns'), 'a');
  assert.equal(status, 2);
  assert.match(err, /dp\.yaml:3:13: there is an application dns already/);
});
