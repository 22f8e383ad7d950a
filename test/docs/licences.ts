// Writes docs/licences.md from package.json and what is installed: `node --import tsx test/docs/licences.ts`.
import { readFileSync, writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

interface Manifest {
  dependencies: Record<string, string>;
  devDependencies: Record<string, string>;
}

const linked = [
  ['libbpf', 'loads the eBPF programs', 'LGPL-2.1 or BSD-2-Clause'],
  ['libmnl', 'rtnetlink', 'LGPL-2.1-or-later'],
  ['Mbed TLS (libmbedcrypto)', 'keys of QUIC, fingerprints of TLS', 'Apache-2.0 or GPL-2.0-or-later'],
  ['zlib', 'compressed capture files', 'Zlib'],
  ['libsystemd', 'readiness and watchdog', 'LGPL-2.1-or-later'],
  ['libelf', 'read by libbpf', 'LGPL-3.0-or-later or GPL-2.0-or-later'],
] as const;

function manifest(path: string): Record<string, unknown> {
  return JSON.parse(readFileSync(path, 'utf8'));
}

function rows(dependencies: Record<string, string>): string[] {
  return Object.keys(dependencies)
    .sort()
    .map((name) => {
      const { version, license } = manifest(`node_modules/${name}/package.json`);
      return `| ${name} | ${version} | ${license} |`;
    });
}

/** The page's text. */
export function licencesPage(): string {
  const { dependencies, devDependencies } = manifest('package.json') as unknown as Manifest;
  const head = ['| package | version | licence |', '|---|---|---|'];
  return [
    '# Licences',
    '',
    'vmoat is under the Apache License 2.0. This page is written by `node --import tsx test/docs/licences.ts`.',
    '',
    '## In the product (npm)',
    ...head,
    ...rows(dependencies),
    '',
    "## In the product (Debian's libraries, linked)",
    '| library | for | licence |',
    '|---|---|---|',
    ...linked.map((row) => `| ${row.join(' | ')} |`),
    '',
    "nDPI (Debian's libndpi4.2, LGPL-3.0-or-later) is neither linked nor shipped: where the operator asks for it, it is loaded",
    'at run time through its exported functions; none of its headers is used.',
    '',
    'The eBPF programs are under GPL-2.0 or BSD-2-Clause, as the kernel asks of programs that use its helpers.',
    '',
    '## For building and testing (npm; the web page contains preact, @preact/signals, d3-force, uplot and',
    '@tanstack/virtual-core)',
    ...head,
    ...rows(devDependencies),
    '',
  ].join('\n');
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href)
  writeFileSync('docs/licences.md', licencesPage());
