// The built product on Node 18: both daemons beside a real libvirt, and the command line.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { after, before, suite, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { VMOAT } from '../programs.ts';
import { node18 } from '../wire/node18.ts';
import { whyNoPrivateLibvirt } from './private-libvirt.ts';
import { startVmoatStack, type VmoatStack } from './vmoat-stack.ts';

const path = (relative: string): string => fileURLToPath(new URL(`../../${relative}`, import.meta.url));

suite('on Node 18', { skip: whyNoPrivateLibvirt() ?? false, timeout: 600_000 }, () => {
  let stack: VmoatStack;
  before(async () => {
    stack = await startVmoatStack({ node: node18() });
  });
  after(() => stack?.stop());

  test('both daemons run and know libvirt', async () => {
    const { dataplane, libvirt } = await stack.cli.status();
    assert.equal(dataplane.state, 'connected');
    assert.equal(libvirt.state, 'connected');
  });

  test('the history, with its SQLite on a thread', () => {
    const { NODE_TEST_CONTEXT: _, ...env } = process.env;
    const argv = ['--import', 'tsx', '--test', '--test-reporter=tap', path('hostd/history/history.test.ts')];
    const printed = execFileSync(node18(), argv, { encoding: 'utf8', env, cwd: path('.') });
    assert.match(printed, /^# pass [1-9]\d*$/m);
    assert.match(printed, /^# fail 0$/m);
  });

  test('a capture file is read', () => {
    const argv = [VMOAT, 'pcap', '--json', path('test/pcap/http/nginx/capture.pcap')];
    const lines = execFileSync(node18(), argv, { encoding: 'utf8' }).trim().split('\n');
    assert.ok(lines.some((line) => JSON.parse(line).app === 'http'));
  });
});
