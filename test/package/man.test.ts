// The manual pages of the package, as `man` shows them: every command and every option is there, and groff has no complaint.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import type { Command } from 'commander';
import { SETTINGS } from '../../dp/service/settings.ts';
import { commandLine } from '../../hostd/cli/program.ts';
import { processTerminal } from '../../hostd/cli/terminal.ts';
import { root } from '../../setup/place.mjs';

const noMan = spawnSync('man', ['--version']).status !== 0 && process.env.VMOAT_REQUIRE !== 'all';

suite('manual pages', { skip: noMan ? 'needs man-db' : false }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'vmoat-man-'));
  after(() => rmSync(folder, { recursive: true }));
  before(() => {
    const argv = ['--import', 'tsx', join(root, 'packaging/deb/man/write.ts'), folder, '9.8.7'];
    execFileSync(process.execPath, argv, { cwd: root });
  });

  const shown = (page: string): string => {
    const env = { ...process.env, LC_ALL: 'C.UTF-8', MANWIDTH: '200' };
    const ran = spawnSync('man', ['--warnings=w', '-l', join(folder, `${page}.gz`)], {
      env,
      encoding: 'utf8',
    });
    assert.deepEqual([ran.status, ran.stderr], [0, '']);
    return ran.stdout;
  };

  test('man vmoat shows every command with its options', () => {
    const text = shown('man1/vmoat.1');
    assert.match(text, /^ +vmoat - see what the VMs/m);
    const sections = text.split(/^ {3}(?=vmoat )/m);
    for (const [path, command] of everyCommand(
      commandLine(processTerminal(), Date.now, () => {}),
      'vmoat',
    )) {
      const own = sections.find((section) => section.startsWith(`${path}\n`)) ?? assert.fail(path);
      assert.ok(own.includes(command.description().slice(0, 40)), path);
      for (const { long } of command.options) assert.ok(own.includes(long ?? ''), `${path} ${long}`);
    }
    assert.match(text, /vmoat flows --last 1000 -o json \| jq \.app$/m);
  });

  test('man vmoat-dp shows every setting', () => {
    const text = shown('man8/vmoat-dp.8');
    for (const { flag } of SETTINGS) assert.ok(text.includes(`--${flag} `), flag);
    assert.match(text, /vmoat-dp --tap 'veth-lab\*' --hook clsact$/m);
    assert.match(text, /vmoat 9\.8\.7/);
  });
});

const everyCommand = (command: Command, path: string): [string, Command][] =>
  command.commands.flatMap((sub) => {
    const own = `${path} ${sub.name()}`;
    return [[own, sub] as [string, Command], ...everyCommand(sub, own)];
  });
