// A way for a test's machine to the package registries: a veth pair and masquerading, taken down afterwards.
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';

/** The pair's end on this host; systemd-nspawn makes it and the other end, WAY_IN. */
export const WAY_OUT = 'vmt-bare';
export const WAY_IN = 'host0';
const NET = '10.201.77';
const FORWARDING = '/proc/sys/net/ipv4/ip_forward';

const run = (command: string, ...args: string[]): string =>
  execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });

/** Opens it for the machine in which `inside` runs a command; returns how to close it. */
export async function openWayOut(
  inside: (command: string, ...args: string[]) => Promise<unknown>,
): Promise<() => void> {
  const forwarding = readFileSync(FORWARDING, 'utf8');
  run('ip', 'address', 'add', `${NET}.1/24`, 'dev', WAY_OUT);
  run('ip', 'link', 'set', WAY_OUT, 'up');
  writeFileSync(FORWARDING, '1');
  const nat = `add table ip vmt_bare; add chain ip vmt_bare out { type nat hook postrouting priority 100; };
    add rule ip vmt_bare out ip saddr ${NET}.0/24 masquerade`;
  run('nft', nat);
  await inside('ip', 'link', 'set', WAY_IN, 'up');
  await inside('ip', 'address', 'add', `${NET}.2/24`, 'dev', WAY_IN);
  await inside('ip', 'route', 'add', 'default', 'via', `${NET}.1`);
  return () => {
    run('nft', 'delete', 'table', 'ip', 'vmt_bare');
    writeFileSync(FORWARDING, forwarding);
  };
}
