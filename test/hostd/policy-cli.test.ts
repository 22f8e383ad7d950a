// `vmoat policy` on files alone: no daemon runs.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { type Ran, runCli } from './run-cli.ts';

const folder = mkdtempSync(join(tmpdir(), 'hos-policy-'));
after(() => rmSync(folder, { recursive: true }));

const vmoat = (...argv: string[]): Promise<Ran> =>
  runCli(argv, { now: () => Date.parse('2026-11-20T12:00:00Z') });

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

test('lint: a good file, an odd one, a wrong one', async () => {
  const good = file('good.yaml', 'version: vmoat/v1\n');
  assert.deepEqual(await vmoat('policy', 'lint', good), { code: 0, out: `${good}: good\n`, err: '' });

  const odd = file(
    'odd.yaml',
    'version: vmoat/v1\nrules:\n  - { id: a, from: any, to: host, action: deny }\n  - { id: b, from: any, to: host, ports: [tcp/22], action: allow }\n',
  );
  const linted = await vmoat('policy', 'lint', odd);
  assert.deepEqual([linted.code, linted.err], [1, '']);
  assert.match(linted.out, /odd\.yaml:4:11: error: `b`: never decides: `a` \(line 3\) .* \[shadowed\]\n$/);
  const json = JSON.parse((await vmoat('policy', 'lint', odd, '-o', 'json')).out);
  assert.deepEqual(json.findings[0].other, { rule: 'a', line: 3 });

  const wrong = file('wrong.yaml', 'version: vmoat/v1\nruls: []\n');
  assert.deepEqual(await vmoat('policy', 'lint', wrong), {
    code: 1,
    out: '',
    err: `${wrong}:2:1: unknown key \`ruls\` (did you mean \`rules\`?)\n`,
  });
});

test('a file that is not there, or is none, is a sentence and what to do', async () => {
  const none = join(folder, 'none.yaml');
  const hint = /\nname a policy file, or - for standard input; `vmoat policy export > policy\.yaml` writes/;
  for (const argv of [
    ['lint', none],
    ['plan', none],
    ['diff', none, none],
    ['apply', none],
    ['import', none],
  ]) {
    const { code, err } = await vmoat('policy', ...argv);
    assert.deepEqual([code, err.split('\n')[0]], [1, `vmoat: ${none}: there is no such file`], argv[0]);
    assert.match(err, hint);
  }
  assert.match((await vmoat('policy', 'lint', folder)).err, /: it is a directory\n/);
  const latin = join(folder, 'latin.yaml');
  writeFileSync(latin, Buffer.from('version: vmoat/v1 # f\xfcr alle\n', 'latin1'));
  assert.match((await vmoat('policy', 'lint', latin)).err, /^vmoat: .*latin\.yaml: it is no text in UTF-8\n/);
  const two = file('two.yaml', 'version: vmoat/v1\n---\nversion: vmoat/v1\n');
  assert.match(
    (await vmoat('policy', 'lint', two)).err,
    /two\.yaml:2:1: only one document is taken: a policy ends here\n/,
  );
});

test('schema is JSON that names the format', async () => {
  const { code, out } = await vmoat('policy', 'schema');
  assert.deepEqual([code, JSON.parse(out).properties.version.const], [0, 'vmoat/v1']);
});
