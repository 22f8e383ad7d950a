import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { parse } from 'yaml';
import { VmoatError } from '../base/errors.ts';
import { namesUnder } from '../base/schema-names.ts';
import { renderProblem } from '../base/text-problem.ts';
import { configKeys } from './keys.ts';
import { checkConfig, loadConfig } from './load.ts';
import { parseConfig } from './parse.ts';
import { configReference } from './reference.ts';
import { ConfigSchema } from './schema.ts';
import { describeConfig, showConfig } from './show.ts';

const root = join(import.meta.url.replace('file://', ''), '../../..');
const messages = (text: string) => parseConfig(text, 'v.yaml').problems.map(renderProblem);

const mistakes: [name: string, text: string, expected: string[]][] = [
  [
    'unknown key with the nearest one',
    'history:\n  retentionDay: 3\n',
    ['v.yaml:2:3: unknown key `history.retentionDay` (did you mean `retentionDays`?)'],
  ],
  [
    'unknown key at the top, nothing near',
    'quux: 1\n',
    [
      'v.yaml:1:1: unknown key `quux` (known here: stateDir, sockets, web, tls, libvirt, history, modes, policy, traffic, log, webhooks, syslog, responses)',
    ],
  ],
  [
    'too small',
    'history:\n  retentionDays: 0\n',
    ['v.yaml:2:18: `history.retentionDays` must be at least 1'],
  ],
  [
    'too large',
    'libvirt: { reconcileIntervalMs: 9000000 }\n',
    ['v.yaml:1:33: `libvirt.reconcileIntervalMs` must be at most 600000'],
  ],
  [
    'not one of the modes',
    '\n\nmodes:\n  default: lern\n',
    ['v.yaml:4:12: `modes.default` must be one of learn, monitor, protect'],
  ],
  [
    'text for a number',
    'history: { retentionDays: "7" }',
    ['v.yaml:1:27: `history.retentionDays` must be a whole number'],
  ],
  [
    'text for a boolean',
    'traffic: { facts: yes please }',
    ['v.yaml:1:19: `traffic.facts` must be true or false'],
  ],
  [
    'a response that names no destination',
    'responses:\n  - { name: one, do: [{ mail: me }] }\n',
    [
      'v.yaml:2:23: `responses.0.do.0` must be one of webhook, syslog, mode, isolate',
      'v.yaml:2:25: unknown key `responses.0.do.0.mail` (known here: webhook, syslog, mode, isolate)',
    ],
  ],
  [
    'a destination that is not there, and a name given twice',
    `webhooks:
  - { name: ops, url: "http://x.example/", secretFile: /s }
  - { name: ops, url: "http://y.example/", secretFile: /s }
responses:
  - { name: one, do: [{ webhook: ops }, { syslog: ops }] }
`,
    [
      'v.yaml:3:13: `webhooks.1.name` must be a name that no other of the list has',
      'v.yaml:5:51: `responses.0.do.1.syslog` must be the name of one of `syslog`',
    ],
  ],
  [
    'an address with a user',
    'webhooks: [{ name: ops, url: "https://me:pw@x.example/", secretFile: /s }]',
    ['v.yaml:1:30: `webhooks.0.url` must be an http:// or https:// address without user and fragment'],
  ],
  [
    'a response that does nothing',
    'responses: [{ name: one, do: [{}] }]',
    ['v.yaml:1:31: `responses.0.do.0` must be one of webhook, syslog, mode, isolate'],
  ],
  ['a list for a section', 'sockets: []', ['v.yaml:1:10: `sockets` must be a section of keys']],
  ['a scalar for everything', 'hello', ['v.yaml:1:1: the document must be a section of keys']],
  ['relative path', 'stateDir: var\n', ['v.yaml:1:11: `stateDir` must be an absolute path']],
  [
    'socket path too long',
    `sockets: { api: /${'a'.repeat(120)} }`,
    ['v.yaml:1:17: `sockets.api` must be a path of at most 107 bytes, the limit of Unix sockets'],
  ],
  [
    'listen without a port',
    'web: { listen: localhost }',
    ['v.yaml:1:16: `web.listen` must be ADDRESS:PORT, [IPV6]:PORT or off'],
  ],
  [
    'listen on no such port',
    'web: { listen: "localhost:70000" }',
    ['v.yaml:1:16: `web.listen` must be a port of at most 65535'],
  ],
  [
    'a key without its certificate',
    'tls: { key: /k }',
    ['v.yaml:1:6: `tls` must be both `certificate` and `key`, or neither'],
  ],
  ['key given twice', 'stateDir: /a\nstateDir: /b\n', ['v.yaml:2:1: Map keys must be unique']],
  ['not YAML', 'a: [1, 2\nb: }', []],
  [
    'alias bomb',
    'taps: &a { patterns: [] }\nlog: *a\n',
    ['v.yaml:2:6: aliases are not taken in a configuration'],
  ],
  [
    'several at once',
    'log:\n  levle: info\nhistory:\n  retentionDays: -1\n',
    [
      'v.yaml:4:18: `history.retentionDays` must be at least 1',
      'v.yaml:2:3: unknown key `log.levle` (did you mean `level`?)',
    ],
  ],
];

for (const [name, text, expected] of mistakes) {
  test(`a mistake is named with its line: ${name}`, () => {
    const found = messages(text);
    if (expected.length) assert.deepEqual(found.sort(), [...expected].sort());
    else assert.match(found[0] ?? '', /^v\.yaml:\d+:\d+: /);
  });
}

test('an empty file means the defaults, and the defaults are valid when written out', () => {
  const { config } = parseConfig('', 'v.yaml');
  assert.ok(config);
  assert.equal(config.history.retentionDays, 7);
  assert.equal(config.web.listen, '127.0.0.1:8443');
  assert.equal(config.modes.default, 'learn');
  const shown = showConfig(config, {});
  assert.deepEqual(parseConfig(shown, 'shown').config, config);
});

test('config show marks what is a default, and only that', () => {
  const text = 'history:\n  retentionDays: 30\n';
  const { config, given } = parseConfig(text, 'v.yaml');
  assert.ok(config);
  const shown = showConfig(config, given);
  assert.match(shown, /^ {2}retentionDays: 30$/m);
  assert.match(shown, /^ {2}level: info {2}# default$/m);
  assert.equal(describeConfig(config, given).defaults.includes('history.retentionDays'), false);
  assert.equal(describeConfig(config, given).defaults.length, configKeys().length - 1);
});

test('every mistake comes as one error with code and field', () => {
  const folder = mkdtempSync(join(tmpdir(), 'hos-config-'));
  try {
    const file = join(folder, 'vmoat.yaml');
    writeFileSync(file, 'log: { level: loud }\n');
    assert.throws(
      () => loadConfig(file),
      (error) =>
        error instanceof VmoatError && error.code === 'config_bad_value' && error.field === 'log.level',
    );
    assert.equal(checkConfig(join(folder, 'none.yaml')).problems[0]?.code, 'config_unreadable');
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('names are known under every section', () => {
  assert.deepEqual(namesUnder(ConfigSchema, ['history']), ['retentionDays']);
  assert.deepEqual(namesUnder(ConfigSchema, ['history', 'retentionDays']), []);
});

test('docs/configuration.md holds the reference made from the schema, and a valid example', () => {
  const text = readFileSync(join(root, 'docs/configuration.md'), 'utf8');
  assert.ok(text.includes(configReference()), `put this into docs/configuration.md:\n${configReference()}`);
  const example = /```yaml\n([\s\S]*?)```/.exec(text)?.[1] ?? '';
  assert.deepEqual(parseConfig(example, 'example').problems, []);
  assert.ok(parse(example));
});

test('the example of docs/events.md is a configuration', () => {
  const page = readFileSync(join(root, 'docs/events.md'), 'utf8');
  const example = /```yaml\n([\s\S]*?)```/.exec(page)?.[1] ?? '';
  const { config, problems } = parseConfig(example, 'events.md');
  assert.deepEqual(problems, []);
  assert.deepEqual([config?.webhooks.length, config?.syslog.length, config?.responses.length], [1, 1, 3]);
});
