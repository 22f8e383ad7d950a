// Makes the captures of cases that are built by specification. As a script: `build.ts CASE…` writes capture.pcap.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { Capture } from './frames.ts';

const folder = fileURLToPath(new URL('.', import.meta.url));

/** The bytes of the capture that the build.ts of the case `name` makes. */
export async function builtCapture(name: string): Promise<Buffer> {
  const source: { capture: Capture } = await import(pathToFileURL(join(folder, name, 'build.ts')).href);
  return source.capture.file();
}

if (process.argv[1] === fileURLToPath(import.meta.url))
  for (const name of process.argv.slice(2))
    writeFileSync(join(folder, name, 'capture.pcap'), await builtCapture(name));
