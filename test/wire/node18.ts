// Node 18, the oldest that the product runs on, from npm's `node` package.
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const folder = fileURLToPath(new URL('../../build/node18', import.meta.url));

/** Path of the program; fetched the first time. */
export function node18(): string {
  const program = join(folder, 'node_modules/.bin/node');
  if (!existsSync(program)) execFileSync('npm', ['install', '--prefix', folder, 'node@18']);
  return program;
}
