// What a host looks like where vmoat or its demo could leave traces, as text to compare.
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

const run = (command: string, ...args: string[]): string =>
  execFileSync(command, args, {
    encoding: 'utf8',
    env: { ...process.env, LC_ALL: 'C' },
    maxBuffer: 64 << 20,
  });

interface Link {
  ifname: string;
  flags: string[];
  mtu: number;
  master?: string;
  qdisc?: string;
}

/** One entry per thing that can be compared; counters, indexes and comments are left out. */
export function hostDump(): Record<string, string> {
  return {
    links: links(),
    addresses: run('ip', '-o', 'address', 'show').replace(/valid_lft.*|^\d+:/gm, ''),
    routes: run('ip', 'route', 'show', 'table', 'all'),
    qdiscs: run('tc', 'qdisc', 'show'),
    iptables: rules(run('iptables-save')),
    nftables: run('nft', '-s', 'list', 'ruleset'),
    forwarding: readFileSync('/proc/sys/net/ipv4/ip_forward', 'utf8'),
    domains: run('virsh', '-q', 'list', '--all', '--name'),
    networks: run('virsh', '-q', 'net-list', '--all'),
    // what the engine's own tests pin comes and goes beside
    pins: readdirSync('/sys/fs/bpf')
      .filter((name) => !name.startsWith('vmt-'))
      .join('\n'),
    policies: readdirSync('/etc/dbus-1/system.d').join('\n'),
  };
}

function links(): string {
  const all = JSON.parse(run('ip', '-j', 'link', 'show')) as Link[];
  const lines = all.map(({ ifname, flags, mtu, master = '', qdisc = '' }) =>
    [ifname, flags.join(), mtu, master, qdisc].join(' '),
  );
  return lines.sort().join('\n');
}

const rules = (saved: string): string =>
  saved
    .split('\n')
    .filter((line) => !line.startsWith('#'))
    .map((line) => line.replace(/\[\d+:\d+\]/, ''))
    .join('\n');
