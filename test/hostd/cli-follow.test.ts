// The command line: what goes on printing what happens.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { test } from 'node:test';
import { Status, type Threat } from '../../hostd/api/schema.ts';
import { ThreatNews } from '../../hostd/cli/threats-follow.ts';
import { VMOAT } from '../programs.ts';
import { promised } from '../promised.ts';
import { api, house } from './cli-house.ts';
import { until } from './until.ts';

test('threats -f: each incident once; of what a source repeats one line a minute, with how many had none', () => {
  const news = new ThreatNews(60_000);
  const threat = (id: string, change: Partial<Threat> = {}) =>
    ({ id, name: 'scan', source: 'a', acknowledged: null, ...change }) as Threat;
  const taken = [
    news.take(threat('1'), 0),
    news.take(threat('1'), 5),
    news.take(threat('2'), 10),
    news.take(threat('3'), 20),
    news.take(threat('4', { source: 'b' }), 30),
    news.take(threat('5'), 60_000),
  ];
  assert.deepEqual(taken, [0, null, null, null, 0, 2]);
});

test('events -f prints what was there, then what happens', async (context) => {
  const argv = [VMOAT, '--socket', house.config.sockets.api, 'events', '-f', '--kind', 'threat'];
  const child = spawn(process.execPath, argv, { stdio: ['ignore', 'pipe', 'inherit'] });
  context.after(() => child.kill());
  let out = '';
  child.stdout.on('data', (chunk) => {
    out += chunk;
  });
  await until(() => out.includes('land from external'), 60_000);
  house.threats({ id: 90, threat: 2, src: [192, 0, 2, 90] });
  await until(() => /high {2}threat {2}ssh-v1 from .*192\.0\.2\.90/.test(out));
  assert.equal(out.match(/land from external/g)?.length, 1);
});

test('flows -f prints a new flow within 1.5 s, waits out a restart of hostd, and misses nothing', async (context) => {
  const argv = [VMOAT, '--socket', house.config.sockets.api, 'flows', '-f', '-n', '1'];
  const child = spawn(process.execPath, argv, { stdio: ['ignore', 'pipe', 'pipe'] });
  context.after(() => child.kill());
  let out = '';
  let err = '';
  child.stdout.on('data', (chunk) => {
    out += chunk;
  });
  child.stderr.on('data', (chunk) => {
    err += chunk;
  });
  await until(() => out.split('\n').length > 1, 10_000);
  await new Promise((resolve) => setTimeout(resolve, 200));
  const at = Date.now();
  for (let n = 0; n < 3; n++) {
    const told = Date.now();
    house.flows({ id: 30 + n, srcSlot: 1, dport: 9000 + n, firstMs: at });
    await until(() => out.includes(`tcp/${9000 + n}`));
    promised(context, 'a record is a line of flows -f', 1500, Date.now() - told);
  }
  house.flows({ id: 20, srcSlot: 1, dport: 8001, firstMs: at });
  await until(() => out.includes('tcp/8001'));
  house.flows({ id: 20, srcSlot: 1, dport: 8001, firstMs: at, lastMs: at + 1 });
  house.flows({ id: 20, srcSlot: 1, dport: 8001, firstMs: at, lastMs: at + 2, layers: [1] });
  await until(() => /tcp\/8001 {2}http/.test(out));
  assert.equal(out.match(/tcp\/8001/g)?.length, 2, 'a line for the beginning, one for the recognition');
  await house.daemon?.stop();
  await until(() => err.includes('waiting for it'));
  await house.openDaemon();
  await until(async () => Status.parse(await api('/status')).dataplane.state === 'connected');
  house.flows({ id: 21, srcSlot: 1, dport: 8002, firstMs: Date.now() });
  await until(() => out.includes('tcp/8002'));
});
