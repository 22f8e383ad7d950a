import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ThreatInfo } from '../contract/protocol.ts';
import { findAccounts } from './accounts.ts';
import { parseConfig } from './config-file.ts';
import { readOptions, usage } from './options.ts';
import { ServiceError } from './service-error.ts';
import { DEFAULTS, dataplaneConfig, SETTINGS } from './settings.ts';

const threat = (name: string, thresholds: ThreatInfo['thresholds'] = []): ThreatInfo => ({
  name,
  severity: 'high',
  action: 'deny',
  means: '',
  evidence: '',
  live: '',
  offline: '',
  thresholds,
});
const perSecond = { name: 'per-second', unit: 'packets', standard: 2000, least: 10, most: 1e6, means: '' };
const THREATS = [threat('syn-flood', [perSecond]), threat('land')];
const parse = (text: string) => parseConfig(text, 'f', () => THREATS);

const wrongUse = (pattern: RegExp) => (error: unknown) =>
  error instanceof ServiceError && error.exitCode === 2 && pattern.test(error.message);

test('defaults, flags and switches', () => {
  assert.deepEqual(readOptions([]), { action: 'run', detachOnExit: false, settings: DEFAULTS });
  const argv = ['--socket=/tmp/a', '--tap', 'veth*', '--tap', 'lab0', '--workers', '3', '--hook', 'clsact'];
  const { settings, detachOnExit } = readOptions([...argv, '--detach-on-exit']);
  assert.deepEqual(settings, {
    ...DEFAULTS,
    socket: '/tmp/a',
    tap: ['veth*', 'lab0'],
    workers: 3,
    hook: 'clsact',
  });
  assert.equal(detachOnExit, true);
  assert.equal(readOptions(['--restore']).action, 'restore');
  assert.equal(readOptions(['--version']).action, 'version');
  assert.equal(readOptions(['-h', '--restore']).action, 'help');
});

test('wrong use names the flag', () => {
  for (const [argv, pattern] of [
    [['--nonsense'], /nonsense/],
    [['positional'], /positional/],
    [['--workers', '-1'], /workers/],
    [['--workers', '65'], /--workers takes a whole number from 0 to 64/],
    [['--workers', '1.5'], /--workers/],
    [['--hook', 'xdp'], /--hook takes automatic, tcx, clsact/],
    [['--enforcer', 'nfqueue'], /--enforcer takes automatic, splice, inplace/],
    [['--udp-timeout', '0'], /--udp-timeout takes a whole number from 1 to 16000/],
    [['--vxlan-port', '70000'], /--vxlan-port takes one to 8 ports/],
    [['--fragment-overlap', 'last'], /--fragment-overlap takes first, drop/],
    [['--socket', 'relative'], /--socket takes an absolute path/],
    [['--tap', ''], /--tap/],
    [['--facts', 'maybe'], /--facts takes on or off/],
    [['--config', '/nonexistent/dp.yaml'], /dp\.yaml/],
  ] as const)
    assert.throws(() => readOptions([...argv]), wrongUse(pattern), argv.join(' '));
});

test('the file sets what flags do, and an unknown key is an error with line and nearest key', () => {
  assert.deepEqual(parse('# nothing\n'), {});
  assert.deepEqual(parse('workers: 2\ntap: [a, "b*"]\n'), { workers: 2, tap: ['a', 'b*'] });
  const [bus] = parse('applications: [{ name: bus, client: { prefix: "B" } }]').applications ?? [];
  assert.deepEqual([bus?.name, bus?.client], ['bus', [{ hex: '42', within: 0 }]]);
  assert.deepEqual(parse('vxlanPorts: [4789, 7000]\ntcpClosedTimeout: 9\n'), {
    vxlanPorts: [4789, 7000],
    tcpClosedTimeout: 9,
  });
  assert.deepEqual(parse('facts: false\n'), { facts: false });
  const wrong: [string, RegExp][] = [
    ['workers: 2\nsokcet: /x\n', /^f:2: sokcet: no such setting; nearest is socket$/],
    ['workers: many\n', /^f:1: workers takes a whole number/],
    ['tap: veth0\n', /^f:1: tap takes a list/],
    ['hook: 1\n', /hook/],
    ['- a\n', /key: value/],
    ['workers: [\n', /^f: /],
    ['workers: 1\nworkers: 2\n', /unique/],
    ['applications:\n  - nam: x\n', /^f:2:5: nam: no such key; nearest is name$/],
    ['aplications: []\n', /nearest is applications$/],
    ['tap: &a [x]\nignore: *a\n', /aliases/],
  ];
  for (const [text, pattern] of wrong) assert.throws(() => parse(text), wrongUse(pattern), text);
});

test('thresholds are checked against the threats that there are', () => {
  assert.deepEqual(
    parse('workers: 1\nthreats:\n  syn-flood: { per-second: 500 }\n  land: {}\n  disabled: [land]\n'),
    {
      workers: 1,
      threats: { disabled: ['land'], thresholds: { 'syn-flood': { 'per-second': 500 }, land: {} } },
    },
  );
  const wrong: [string, RegExp][] = [
    ['threats:\n  sin-flood: {}\n', /^f:2: sin-flood: no such threat; nearest is syn-flood$/],
    [
      'threats:\n  syn-flood:\n    per-minute: 1\n',
      /^f:3: per-minute: no such threshold of syn-flood; nearest is per-second$/,
    ],
    ['threats:\n  land:\n    size: 1\n', /^f:3: size: no such threshold of land; it has none$/],
    [
      'threats:\n  syn-flood: { per-second: 9 }\n',
      /^f:2: syn-flood.per-second takes a whole number from 10 to 1000000$/,
    ],
    ['threats:\n  syn-flood: { per-second: many }\n', /^f:2: syn-flood.per-second takes a whole number/],
    ['threats:\n  disabled:\n    - land\n    - lend\n', /^f:4: lend: no such threat; nearest is land$/],
    ['threats:\n  disabled: land\n', /^f:2: threats.disabled takes a list of names$/],
    ['threats: 1\n', /^f:1: threats takes "key: value" lines$/],
    ['threat: 1\n', /^f:1: threat: no such setting; nearest is threats$/],
  ];
  for (const [text, pattern] of wrong) assert.throws(() => parse(text), wrongUse(pattern), text);
});

test('help names every flag, and the data plane gets every setting that is its own', () => {
  for (const { flag } of SETTINGS) assert.ok(usage().includes(`--${flag} `), flag);
  const config = dataplaneConfig({ ...DEFAULTS, tap: ['x'], pins: '/p' });
  assert.deepEqual([config.names, config.pinRoot, config.flowsMax], [['x'], '/p', 262_144]);
  for (const key of ['socket', 'users', 'tap', 'pins', 'state']) assert.ok(!(key in config), key);
});

test('the fallback is off, unless it is named', () => {
  assert.equal(DEFAULTS.fallback, 'none');
  assert.equal(parse('fallback: ndpi\n').fallback, 'ndpi');
  assert.throws(
    () => parse('fallback: tshark\n'),
    wrongUse(/^f:1: fallback takes none, ndpi, not "tshark"$/),
  );
});

test('the enforcer is chosen by NIC, unless it is named', () => {
  assert.equal(DEFAULTS.enforcer, 'automatic');
  assert.equal(parse('enforcer: inplace\n').enforcer, 'inplace');
  assert.throws(
    () => parse('enforcer: nfqueue\n'),
    wrongUse(/^f:1: enforcer takes automatic, splice, inplace, not/),
  );
});

test('accounts by name and by number', () => {
  const passwd = 'root:x:0:0:root:/root:/bin/sh\nvmoat:x:990:991::/:/usr/sbin/nologin\n';
  assert.deepEqual(findAccounts(['vmoat', 'nobody-here', '1234', '990'], passwd), [
    { uid: 990, gid: 991 },
    { uid: 1234, gid: 1234 },
    { uid: 990, gid: 991 },
  ]);
});
