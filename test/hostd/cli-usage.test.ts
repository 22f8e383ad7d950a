// The command line: what is wrong is said, by exit code and message; help, completion and colour.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { good, house, vmoat } from './cli-house.ts';
import { runCli } from './run-cli.ts';

test('the socket may be named anywhere', async () => {
  const argv = ['vm', 'list', '-o', 'name', `--socket=${house.config.sockets.api}`];
  const { code, out } = await runCli(argv);
  assert.equal(code, 0);
  assert.match(out, /^web-1$/m);
});

const failures: [string, string[], number, RegExp][] = [
  ['unknown VM', ['vm', 'show', 'wbe-1'], 1, /^vmoat: there is no workload "wbe-1"\ndid you mean web-1\?\n$/],
  ['unknown end', ['flows', '--from', 'nobody'], 1, /there is no workload "nobody"/],
  ['unknown command', ['flow'], 2, /Did you mean flows\?/],
  ['unknown option', ['status', '--fast'], 2, /unknown option '--fast'/],
  ['wrong format', ['vm', 'list', '-o', 'xml'], 2, /Allowed choices are table, json, name/],
  ['missing argument', ['vm', 'show'], 2, /missing required argument 'vm'/],
  ['no subcommand', ['vm'], 2, /Usage: vmoat vm/],
  ['wrong port', ['flows', '--port', 'http'], 2, /port: must be 0 to 65535/],
  ['wrong time', ['flows', '--since', 'noon'], 2, /since: must be RFC 3339, or how long ago/],
  ['wrong count', ['flows', '--last', 'many'], 2, /a whole number up to/],
  ['unknown incident', ['threats', 'show', 'none'], 1, /there is no such incident/],
  ['unknown incident', ['threats', 'ack', 'none'], 1, /there is no such incident/],
  ['wrong severity', ['threats', '--severity', 'worst'], 2, /Allowed choices are low, medium, high/],
  ['missing incident', ['threats', 'ack'], 2, /missing required argument 'id'/],
  ['a note for nothing', ['threats', 'ack', 'x', '--undo', '--note', 'y'], 2, /cannot be used with/],
  ['end without beginning', ['graph', '--until', '1h'], 2, /--until needs --since/],
];
for (const [name, argv, code, message] of failures)
  test(`exit code ${code}: ${name}`, async () => {
    const ran = await vmoat(argv);
    assert.equal(ran.code, code);
    assert.match(ran.err, message);
    assert.equal(ran.out, '');
  });

test('a daemon that is not there: what to run', async () => {
  const ran = await vmoat(['status'], { socket: join(house.folder, 'none.sock') });
  assert.equal(ran.code, 1);
  assert.match(ran.err, /none\.sock: vmoat-hostd is not running\nstart it: systemctl start vmoat-hostd/);
});

test('what answers is no hostd', async () => {
  const { createServer } = await import('node:http');
  const path = join(house.folder, 'other.sock');
  const server = createServer((_request, response) => response.end('{"hello":1}')).listen(path);
  try {
    const ran = await vmoat(['status'], { socket: path });
    assert.equal(ran.code, 1);
    assert.match(ran.err, /does not answer like this version of vmoat-hostd/);
  } finally {
    server.close();
  }
});

test('a socket that may not be used: which group to be in', {
  skip: process.getuid?.() !== 0 && process.env.VMOAT_REQUIRE !== 'all',
}, () => {
  const folder = mkdtempSync(join(tmpdir(), 'hos-denied-'));
  try {
    chmodSync(folder, 0o700);
    const script = `import('${new URL('../../hostd/cli/daemon.ts', import.meta.url).pathname}').then(async ({ Daemon }) => {
      const { Status } = await import('${new URL('../../hostd/api/schema.ts', import.meta.url).pathname}');
      process.setuid(65534);
      for (const socket of ['api.sock', 'admin.sock'])
        await new Daemon('${folder}/' + socket).get(Status, '/status').catch((error) => console.log(error.code, error.hint));
    })`;
    const out = execFileSync(process.execPath, ['--import', 'tsx', '-e', script], { encoding: 'utf8' });
    assert.match(out, /^socket_denied be in group vmoat: .*\nsocket_denied only root may do this: /);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('colour only where it is wanted', async () => {
  assert.ok(!(await vmoat(['vm', 'list'])).out.includes('\u001b'));
  const { out } = await vmoat(['vm', 'list'], { colour: true });
  assert.ok(out.includes('\u001b[32mrunning'));
  assert.ok(!out.includes('\u009b'));
});

const commands = [
  [],
  ['status'],
  ['vm'],
  ['vm', 'list'],
  ['vm', 'show'],
  ['nic'],
  ['nic', 'list'],
  ['flows'],
  ['threats'],
  ['threats', 'show'],
  ['threats', 'kinds'],
  ['threats', 'ack'],
  ['names'],
  ['graph'],
  ['doctor'],
  ['web-login'],
  ['config'],
  ['config', 'check'],
  ['config', 'show'],
  ['completion'],
  ['policy', 'lint'],
  ['policy', 'schema'],
  ['policy', 'export'],
  ['policy', 'diff'],
  ['policy', 'apply'],
  ['policy', 'confirm'],
  ['policy', 'rollback'],
  ['policy', 'log'],
  ['policy', 'import'],
  ['policy', 'edit'],
  ['group', 'list'],
  ['group', 'show'],
  ['group', 'proposals'],
  ['group', 'accept'],
  ['mode'],
  ['pcap'],
];
for (const command of commands)
  test(`--help of vmoat ${command.join(' ')}`, async () => {
    const ran = await vmoat([...command, '--help']);
    assert.equal(ran.code, 0);
    assert.match(ran.out, /^Usage: vmoat/);
    if (command.length !== 1 || !['vm', 'nic', 'config'].includes(command[0] ?? ''))
      assert.match(ran.out, /Examples?:\n/);
  });

test('config check and show need no daemon', async () => {
  const file = join(house.folder, 'wrong.yaml');
  writeFileSync(file, 'history:\n  retentionDay: 3\n');
  const wrong = await vmoat(['config', 'check', file]);
  assert.deepEqual(
    [wrong.code, wrong.err],
    [1, `${file}:2:3: unknown key \`history.retentionDay\` (did you mean \`retentionDays\`?)\n`],
  );
  assert.equal(JSON.parse((await vmoat(['config', 'check', file, '-o', 'json'])).out).problems[0].line, 2);
  writeFileSync(file, 'history:\n  retentionDays: 3\n');
  assert.equal((await vmoat(['config', 'check', file])).out, `${file}: good\n`);
  assert.match((await vmoat(['config', 'show', file])).out, /^ {2}retentionDays: 3$/m);
  assert.equal(
    JSON.parse((await vmoat(['config', 'show', file, '-o', 'json'])).out).config.history.retentionDays,
    3,
  );
});

test('completion scripts are scripts of their shells', async () => {
  const script = await good('completion', 'bash');
  const file = join(house.folder, 'completion.bash');
  writeFileSync(file, script);
  const complete = (line: string[]): string =>
    execFileSync(
      'bash',
      [
        '-c',
        `source ${file}; vmoat() { case "$*" in 'threats kinds -o name') echo scan land ;; 'nic list -o name') echo vnet1 ;; esac; }; COMP_WORDS=(${line.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${line.length - 1}; _vmoat; echo "\${COMPREPLY[*]}"`,
      ],
      { encoding: 'utf8' },
    ).trim();
  assert.equal(complete(['vmoat', 'gra']), 'graph');
  assert.equal(complete(['vmoat', 'vm', '']), 'list isolate release show --help');
  assert.equal(complete(['vmoat', 'flows', '--fo']), '--follow');
  assert.equal(complete(['vmoat', 'nic', 'show', '']), 'vnet1');
  assert.equal(complete(['vmoat', 'graph', '-o', '']), 'table json dot');
  assert.equal(complete(['vmoat', 'threats', '--severity', '']), 'low medium high critical');
  assert.equal(complete(['vmoat', 'threats', '-f', '--name', '']), 'scan land');
  assert.equal(complete(['vmoat', 'threats', 'ack', '--al']), '--alike');
  assert.equal(complete(['vmoat', 'events', '--severity', '']), 'info low medium high critical');
  assert.equal(complete(['vmoat', 'names', '--na']), '--name');
  assert.equal(complete(['vmoat', 'names', '-o', '']), 'table json');
  assert.match(await good('completion', 'zsh'), /^#compdef vmoat\n/);
  assert.match(await good('completion', 'fish'), /complete -c vmoat -n '__fish_use_subcommand' -a graph -d /);
});
