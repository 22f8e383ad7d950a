// libvirt switches IPv4 forwarding on for a NAT network and never off: the demo puts back what it found.
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { networkNames, virsh } from './virsh.ts';

const SWITCH = '/proc/sys/net/ipv4/ip_forward';
const memory = (folder: string): string => join(folder, 'ip-forward-before');

/** Before the first network starts; a second start of the demo must not take its own change for the host's. */
export function rememberForwarding(folder: string): void {
  if (!existsSync(memory(folder))) writeFileSync(memory(folder), readFileSync(SWITCH));
}

/** After the last network has gone; left on where another network of the host needs it. */
export async function restoreForwarding(folder: string): Promise<void> {
  if (!existsSync(memory(folder))) return;
  const before = readFileSync(memory(folder), 'utf8');
  rmSync(memory(folder));
  if (before.trim() === '0' && !(await anotherForwards())) writeFileSync(SWITCH, before);
}

async function anotherForwards(): Promise<boolean> {
  const networks = await Promise.all((await networkNames()).map((name) => virsh('net-dumpxml', name)));
  return networks.some((xml) => /<forward\b/.test(xml));
}
