// Writes the manual pages below a folder such as usr/share/man: `node --import tsx packaging/deb/man/write.ts FOLDER VERSION`.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { commandLine } from '../../../hostd/cli/program.ts';
import { processTerminal } from '../../../hostd/cli/terminal.ts';
import { vmoatPage } from './vmoat.ts';
import { dataplanePage } from './vmoat-dp.ts';

const [folder = '', version = ''] = process.argv.slice(2);
const program = commandLine(processTerminal(), Date.now, () => {});
const pages = { 'man1/vmoat.1': vmoatPage(program, version), 'man8/vmoat-dp.8': dataplanePage(version) };
for (const [path, text] of Object.entries(pages)) {
  const file = join(folder, `${path}.gz`);
  mkdirSync(join(file, '..'), { recursive: true });
  writeFileSync(file, gzipSync(text, { level: 9 }));
}
