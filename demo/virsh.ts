// virsh, as functions: what it prints on success, a failure with what it said otherwise.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SetupFailure } from '../setup/failure.mjs';

const SYSTEM = 'qemu:///system';

/** @throws {SetupFailure} when virsh exits with anything but 0 */
export async function virsh(...args: string[]): Promise<string> {
  const { code, out, err } = await ran(args);
  if (code === 0) return out;
  throw new SetupFailure(`virsh ${args.join(' ')}: ${err.trim()}`, {
    hint: 'look into /var/log/libvirt/qemu',
  });
}

/** For what may be gone already: true when virsh did it. */
export async function virshTried(...args: string[]): Promise<boolean> {
  return (await ran(args)).code === 0;
}

/** Runs a verb that takes a file of XML. */
export async function virshWithXml(verb: string, xml: string, ...args: string[]): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'vmoat-demo-'));
  const file = join(folder, 'description.xml');
  writeFileSync(file, xml);
  try {
    return await virsh(
      verb,
      ...(verb === 'attach-device' ? args : []),
      file,
      ...(verb === 'attach-device' ? [] : args),
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Names of domains, running or not. */
export const domainNames = async (...flags: string[]): Promise<string[]> =>
  lines(await virsh('list', '--name', ...flags));
export const networkNames = async (...flags: string[]): Promise<string[]> =>
  lines(await virsh('net-list', '--name', ...flags));

const lines = (text: string): string[] =>
  text
    .split('\n')
    .map((line) => line.trim())
    .filter(Boolean);

function ran(args: string[]): Promise<{ code: number; out: string; err: string }> {
  return new Promise((resolve) => {
    const child = spawn('virsh', ['-q', '-c', SYSTEM, ...args], { env: { ...process.env, LC_ALL: 'C' } });
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
    child.on('error', (error) => resolve({ code: 127, out: '', err: String(error) }));
    child.on('close', (code) =>
      resolve({ code: code ?? 1, out: Buffer.concat(out).toString(), err: Buffer.concat(err).toString() }),
    );
  });
}
