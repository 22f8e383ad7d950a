// The command line's tables, and the JSON beside them.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  AuditEntry,
  EventRecord,
  Flow,
  Graph,
  LearnedName,
  Nic,
  Page,
  Status,
  Threat,
  ThreatGroup,
  ThreatKind,
  Workload,
} from '../../hostd/api/schema.ts';
import { good, house, vmoat } from './cli-house.ts';
import { DB, until, WEB } from './house.ts';

test('vm list: a table without lines, hostile names escaped', async () => {
  assert.equal(
    await good('vm', 'list'),
    [
      `NAME           STATE    MODE   TAPPED  ADDRESSES  UUID`,
      `db\\u{9b}31m-1  running  learn     1/1  10.0.0.2   ${DB}`,
      `off-1          shutoff  learn     0/1  -          33333333-3333-4333-8333-333333333333`,
      `web-1          running  learn     1/1  10.0.0.1   ${WEB}`,
      '',
    ].join('\n'),
  );
});

test('nic list: how each NIC is tapped, or why not', async () => {
  assert.equal(
    await good('nic', 'list'),
    [
      'VM             TAP    MAC                IN      HOOK  PROTECT  FAIL   SENT  RECEIVED  LOST  ADDRESSES  NOTE',
      'db\\u{9b}31m-1  vnet2  52:54:00:00:00:02  br0     tcx   off      -     1.0kB     2.5MB     0  10.0.0.2   -',
      'off-1          -      52:54:00:00:00:03  bridge  none  -        -        0B        0B     0  -          the VM does not run',
      'web-1          vnet1  52:54:00:00:00:01  br0     tcx   off      -     1.0kB     2.5MB     0  10.0.0.1   -',
      '',
    ].join('\n'),
  );
});

test('flows: the newest last, ICMP by type, what is odd in the notes', async () => {
  assert.equal(
    (await good('flows')).replace(/ +/g, ' '),
    [
      'LAST          FROM                      TO                        SERVICE   APP         PACKETS      BYTES  STATE  NOTES',
      '12:00:00.100  web-1 (10.0.0.1)          db\\u{9b}31m-1 (10.0.0.2)  tcp/5432  postgresql    10/20  1.0kB/2.0kB  open   -',
      '12:00:01.000  web-1 (10.0.0.1)          external (192.0.2.7)      tcp/443   tls/https     10/20  1.0kB/2.0kB  fin    -',
      '12:00:02.000  db\\u{9b}31m-1 (10.0.0.2)  web-1 (10.0.0.1)          icmp/8    -             10/20  98B/1.3MB  open   violation',
      '',
    ]
      .map((line) => line.replace(/ +/g, ' '))
      .join('\n'),
    'columns',
  );
});

test('flows -o json: one object a line, safe on a terminal', async () => {
  const lines = (await good('flows', '-o', 'json')).trimEnd().split('\n');
  assert.equal(lines.length, 3);
  for (const line of lines) Flow.parse(JSON.parse(line));
  assert.doesNotMatch(lines.join(''), /[\p{Cc}]/u);
  assert.equal(JSON.parse(lines[1] ?? '').facts['tls.sni'], 'evil\u001b]0;x\u0007');
});

test('flows -o compact: one line each', async () => {
  assert.equal(
    await good('flows', '-o', 'compact', '--port', '443'),
    '12:00:01.000  web-1 (10.0.0.1) → external (192.0.2.7)  tcp/443  tls/https  1.0kB out 2.0kB in  fin\n',
  );
});

const filters: [string[], number][] = [
  [['--from', 'web-1'], 2],
  [['--from', WEB.slice(0, 8)], 2],
  [['--to', 'external'], 1],
  [['--vm', '10.0.0.2'], 2],
  [['--app', 'tls'], 1],
  [['--port', '5432'], 1],
  [['--proto', 'icmp'], 1],
  [['--verdict', 'violation'], 1],
  [['--grep', 'EVIL'], 1],
  [['--last', '2'], 2],
  [['-n', '0'], 0],
  [['--since', '2026-11-20T12:00:01.5Z'], 1],
  [['--until', '2026-11-20T12:00:00.5Z'], 1],
];
for (const [options, count] of filters)
  test(`flows ${options.join(' ')} prints ${count}`, async () => {
    const lines = (await good('flows', '-o', 'json', ...options)).split('\n').filter(Boolean);
    assert.equal(lines.length, count);
  });

test('graph: a row for each edge; DOT quotes what is hostile', async () => {
  assert.equal(
    (await good('graph')).replace(/ \d+k?B\/s \d+k?B\/s/g, '').replace(/ +/g, ' '),
    [
      'FROM TO APP SERVICE MODE OPEN SESSIONS BYTES RATE LAST',
      'db\\u{9b}31m-1 web-1 - icmp/8 learn 1 1 98B/1.3MB 12:00:02.000',
      'web-1 db\\u{9b}31m-1 postgresql tcp/5432 learn 1 1 1.0kB/2.0kB 12:00:00.100',
      'web-1 external tls/https tcp/443 learn → - 0 1 1.0kB/2.0kB 12:00:01.000',
      '',
    ].join('\n'),
  );
  Graph.parse(JSON.parse(await good('graph', '-o', 'json', '--level', 'group')));
  const dot = await good('graph', '-o', 'dot');
  assert.match(dot, /^digraph vmoat \{\n/);
  assert.match(dot, /label="postgresql tcp\/5432"/);
  assert.ok(!dot.includes('\u009b'));
});

test('JSON beside every table', async () => {
  Page(Workload).shape.items.parse(JSON.parse(await good('vm', 'list', '-o', 'json')));
  Workload.parse(JSON.parse(await good('vm', 'show', 'web-1', '-o', 'json')));
  Page(Nic).shape.items.parse(JSON.parse(await good('nic', 'list', '-o', 'json')));
  assert.match(await good('nic', 'list', '-o', 'name'), /^vnet1$/m);
  Status.parse(JSON.parse(await good('status', '-o', 'json')));
  assert.equal(await good('vm', 'list', '-o', 'name', '--running'), 'db\\u{9b}31m-1\nweb-1\n');
});

test('status says what is wrong as well as what is right', async () => {
  const out = await good('status');
  for (const line of [
    /^hostd +running +0\.1\.0/m,
    /^data plane +connected +0\.0\.0-test/m,
    /^libvirt +connected /m,
    /^lost +nothing$/m,
  ])
    assert.match(out, line);
  assert.match(
    out,
    /^NICs +2 tapped +1 not tapped \(1 none, 2 tcx\), 2 of 3 VMs running$|^NICs +2 tapped +1 not tapped \(2 tcx, 1 none\), 2 of 3 VMs running$/m,
  );
  assert.match(out, /1 picked up/);
});

test('web-login prints an address that carries the secret', async () => {
  const out = await good('web-login');
  assert.match(out, /^open +https:\/\/127\.0\.0\.1:\d+\/#secret=[\w-]{32}$/m);
  assert.match(out, /^certificate +SHA-256 ([0-9A-F]{2}:){31}[0-9A-F]{2}$/m);
});

test('threats: the worst first, a line for what one source does, evidence escaped', async () => {
  assert.equal(
    (await good('threats')).replace(/ +/g, ' '),
    [
      'SEVERITY THREAT FROM TO INCIDENTS SEEN LAST ID EVIDENCE',
      'critical land external (192.0.2.9) db\\u{9b}31m-1 (10.0.0.2) 1 1 12:00:00.050 dp1-test-3 ports 1-20',
      'medium scan web-1 (10.0.0.1) 2 addresses 2 8 12:00:00.200 dp1-test-2 ports 1-20',
      '',
    ].join('\n'),
  );
  const lines = (await good('threats', '-o', 'json')).trimEnd().split('\n');
  assert.deepEqual(
    lines.map((line) => ThreatGroup.parse(JSON.parse(line)).incidents),
    [1, 2],
  );
  assert.equal(await good('threats', '-o', 'id', '--name', 'scan'), 'dp1-test-1\ndp1-test-2\n');
});

const threatFilters: [string[], number][] = [
  [['--severity', 'high'], 1],
  [['--name', 'scan'], 2],
  [['--vm', 'web-1'], 2],
  [['--group', 'web'], 2],
  [['--grep', 'PORTS'], 3],
  [['--last', '1'], 1],
  [['-n', '0'], 0],
  [['--since', '2026-11-20T12:00:00.15Z'], 1],
];
for (const [options, count] of threatFilters)
  test(`threats ${options.join(' ')} prints ${count}`, async () => {
    const lines = (await good('threats', '-o', 'id', ...options)).split('\n').filter(Boolean);
    assert.equal(lines.length, count);
  });

test('threats show: every field, what it means, hostile evidence escaped', async () => {
  const out = await good('threats', 'show', 'dp1-test-1');
  for (const line of [
    /^threat +scan$/m,
    /^means +one asks many ports$/m,
    /^from +web-1 \(10\.0\.0\.1\): entered by tap vnet1/m,
    /^seen at +vnet1, sent by its VM$/m,
    /^times +7$/m,
    /^evidence +ports 1-20\\u\{1b\}\[2J$/m,
    /^acknowledged +no$/m,
  ])
    assert.match(out, line);
  const json = Threat.parse(JSON.parse(await good('threats', 'show', 'dp1-test-1', '-o', 'json')));
  assert.equal(json.evidence, 'ports 1-20\u001b[2J');
});

test('threats kinds: what vmoat-dp looks for', async () => {
  assert.match(await good('threats', 'kinds'), /^land +critical +deny +a packet that says/m);
  ThreatKind.array().parse(JSON.parse(await good('threats', 'kinds', '-o', 'json')));
  assert.equal(await good('threats', 'kinds', '-o', 'name'), 'scan\nland\nssh-v1\n');
});

test('events: the newest last, as a table and one object a line', async () => {
  const threats = await until(async () => {
    const text = await good('events', '--kind', 'threat');
    return text.includes('scan') && text.includes('land') ? text : null;
  });
  assert.match(threats, /^TIME +SEVERITY +KIND +TEXT\n/);
  assert.match(threats, / critical +threat +land from external \(192\.0\.2\.9\) to db\\u\{9b\}31m-1/);
  assert.match(threats, /ports 1-20\\u\{1b\}\[2J\n/);
  const one = EventRecord.parse(JSON.parse(await good('events', '--severity', 'critical', '-o', 'json')));
  assert.equal(one.data.threat, 'land');
  assert.match(await good('events', 'kinds'), /^nic-gone +info +a NIC is no longer there$/m);
  assert.ok((await good('events', 'kinds', '-o', 'name')).includes('records-lost\n'));
  const wrong = await vmoat(['events', '--kind', 'thread']);
  assert.deepEqual([wrong.code, wrong.out], [2, '']);
  assert.match(wrong.err, /did you mean threat/);
});

test('events destinations and test: where events go', async () => {
  assert.equal(
    await good('events', 'destinations'),
    [
      'DESTINATION     TARGET           STATE  WAITING  DELIVERED  DROPPED',
      'syslog:central  udp 127.0.0.1:9  good         0          0        0',
      '',
    ].join('\n'),
  );
  assert.equal(await good('events', 'destinations', '-o', 'name'), 'syslog:central\n');
  assert.match(await good('events', 'test', 'syslog:central'), /^\S+ {2}is on its way/);
  const json = await good('events', 'test', 'syslog:central', '-o', 'json');
  assert.equal(EventRecord.parse(JSON.parse(json)).kind, 'delivery-test');
  const wrong = await vmoat(['events', 'test', 'syslog:none']);
  assert.deepEqual([wrong.code, wrong.out], [1, '']);
});

test('token and audit: made, listed, revoked, and who did it', async () => {
  const made = await vmoat([
    'token',
    'create',
    '--name',
    'ci',
    '--scope',
    'flows:read,graph:read',
    '--scope',
    'metrics:read',
  ]);
  assert.equal(made.code, 0, made.err);
  assert.match(made.out, /^vmoat_[\w-]{43}\n$/);
  assert.match(made.err, /^token [0-9a-f]{12} \(ci\), valid until /);
  assert.match(
    await good('token', 'list'),
    /^ci +viewer +flows:read,graph:read,metrics:read +\S+ \S+ +never +\S+ +[0-9a-f]{12}$/m,
  );
  assert.equal(await good('token', 'list', '-o', 'name'), 'ci\n');
  assert.ok((await good('token', 'scopes')).includes('threats:write\n'));
  assert.match(await good('token', 'revoke', 'ci'), /^ci {2}[0-9a-f]{12}: revoked\n$/);
  const gone = await vmoat(['token', 'revoke', 'ci']);
  assert.deepEqual([gone.code, gone.out], [1, '']);
  const wrong = await vmoat(['token', 'create', '--name', 'x', '--scope', 'flow:read']);
  assert.deepEqual([wrong.code, wrong.out], [2, '']);
  assert.match(wrong.err, /did you mean flows:read/);
  const lines = (await good('audit', '-o', 'json')).trimEnd().split('\n');
  const entries = lines.map((line) => AuditEntry.parse(JSON.parse(line)));
  assert.deepEqual(
    entries.slice(-4).map(({ action, target, result, code }) => [action, target, result, code]),
    [
      ['POST /tokens', 'ci', 'done', null],
      ['DELETE /tokens/{id}', 'ci', 'done', null],
      ['DELETE /tokens/{id}', 'ci', 'failed', 'not_found'],
      ['POST /tokens', null, 'failed', 'bad_request'],
    ],
  );
  assert.match(await good('audit', '-n', '1'), /^TIME +WHO +FROM .*\n.* failed: bad_request /);
});

test('export: none while the policy has none, an unknown one is said to be', async () => {
  assert.equal(await good('export', 'list'), 'NAME  WHAT  FORMAT  CRON  NEXT  LAST  STATE\n');
  assert.equal(await good('export', 'list', '-o', 'json'), '[]\n');
  for (const verb of ['show', 'run']) {
    const { code, out, err } = await vmoat(['export', verb, 'nightly']);
    assert.deepEqual([code, out], [1, '']);
    assert.match(err, /there is no such export/);
  }
});

test('threats ack: they leave the list, and come back', async () => {
  const ack = async (...argv: string[]) => good('threats', 'ack', 'dp1-test-2', ...argv);
  assert.match(await ack('--note', 'our scanner'), /^dp1-test-2 {2}scan: acknowledged by \S+\n$/);
  assert.equal(await good('threats', '-o', 'id', '--name', 'scan'), 'dp1-test-1\n');
  assert.equal(await good('threats', '-o', 'id', '--name', 'scan', '--all'), 'dp1-test-1\ndp1-test-2\n');
  assert.match(await good('threats', 'show', 'dp1-test-2'), /^note +our scanner$/m);
  assert.match(await good('status'), /^threats +2 open +1 critical, 1 medium; see vmoat threats$/m);
  assert.match(await ack('--alike'), /scan and all like it: acknowledged by/);
  assert.equal(await good('threats', '-o', 'id', '--name', 'scan'), '');
  assert.match(await ack('--alike', '--undo'), /scan and all like it: open again/);
  assert.equal(await good('threats', '-o', 'id', '--name', 'scan'), 'dp1-test-1\ndp1-test-2\n');
  Threat.parse(JSON.parse(await ack('--undo', '-o', 'json')));
});

test('names: what DNS told whom', async () => {
  house.names(
    { name: 'www.example.org', seenMs: Date.now() - 1000 },
    { name: 'db.example.net', address: [192, 0, 2, 2], slot: 2, seenMs: Date.now() },
  );
  await until(async () => (await good('names', '-o', 'json')).includes('db.example.net'));
  const lines = (await good('names')).replace(/ +/g, ' ').split('\n');
  assert.equal(lines[0], 'NAME ADDRESS ASKED BY SERVER TTL LEFT SEEN');
  assert.match(lines[1] ?? '', /^db\.example\.net 192\.0\.2\.2 db\S+-1 10\.0\.0\.254 5m \S/);
  assert.match(lines[2] ?? '', /^www\.example\.org 192\.0\.2\.1 web-1 /);
  const json = (await good('names', '--name', '*.ORG', '--vm', 'web-1', '-o', 'json')).trimEnd();
  assert.equal(LearnedName.parse(JSON.parse(json)).name, 'www.example.org');
  assert.equal(
    (await good('names', '--address', '192.0.2.2', '-n', '1', '-o', 'json')).split('\n').length,
    2,
  );
  assert.equal(await good('names', '--nic', 'none', '-o', 'json'), '');
});
