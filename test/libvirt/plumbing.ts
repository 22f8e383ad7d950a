// How the taps of a private libvirt are plugged: what libvirt did, and what vmoat made of it.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { type PrivateLibvirt, until } from './private-libvirt.ts';

/** Where guests run: a private libvirt, or a machine that has one. */
export type GuestHost = Pick<PrivateLibvirt, 'root' | 'enter' | 'run' | 'virsh' | 'virshXml'>;

interface Link {
  ifname: string;
  master?: string;
}

export const portOf = (tap: string): string => `mp.${tap}`;

/** The bridge that each interface is a port of, by name. */
export async function masters(libvirt: GuestHost): Promise<Map<string, string | undefined>> {
  const links = JSON.parse(await libvirt.run('ip', '-j', 'link', 'show')) as Link[];
  return new Map(links.map(({ ifname, master }) => [ifname, master]));
}

/** All of them have left their bridges, and ports of ours that forward stand there. */
export async function areSpliced(libvirt: GuestHost, taps: readonly string[]): Promise<boolean> {
  const links = await masters(libvirt);
  return taps.every((tap) => links.has(tap) && !links.get(tap) && links.get(portOf(tap)));
}

/** All of them are ports of their bridges, and nothing is left that stood for one of them. */
export async function arePlain(libvirt: GuestHost, taps: readonly string[]): Promise<boolean> {
  const links = await masters(libvirt);
  return taps.every((tap) => links.get(tap) && !links.has(portOf(tap)) && !links.has(`mi.${tap}`));
}

/** Interfaces of vmoat's that stand for a tap that is not there. */
export async function orphans(libvirt: GuestHost): Promise<string[]> {
  const links = [...(await masters(libvirt)).keys()];
  return links.filter((name) => /^m[pi]\./.test(name) && !links.includes(name.slice(3)));
}

/** While its topology changes a bridge with STP lets addresses age sooner. */
const isSettled = async (libvirt: GuestHost): Promise<boolean> =>
  !/\btopology_change 1\b/.test(await libvirt.run('ip', '-d', 'link', 'show'));

/** What of the host's network is the same before and after, as text: numbers that count or age are left out. */
export async function networkDump(libvirt: GuestHost): Promise<Record<string, string>> {
  await until('no topology changes', () => isSettled(libvirt), 60_000);
  const plain = async (...argv: [string, ...string[]]): Promise<string> =>
    normalised(await libvirt.run(...argv).catch((error: { stderr: string }) => error.stderr));
  const taps = [...(await masters(libvirt)).keys()].filter((name) => name.startsWith('vnet'));
  const filters = taps.flatMap((tap) =>
    ['ingress', 'egress'].map((hook) => plain('tc', 'filter', 'show', 'dev', tap, hook)),
  );
  return {
    links: await plain('ip', '-d', 'link', 'show'),
    ports: await plain('bridge', '-d', 'link', 'show'),
    macs: await plain('bridge', 'fdb', 'show'),
    multicast: await plain('bridge', 'mdb', 'show'),
    addresses: await plain('ip', '-o', 'address', 'show'),
    qdiscs: await plain('tc', 'qdisc', 'show'),
    filters: (await Promise.all(filters)).join(''),
    nftables: await plain('nft', '-s', 'list', 'ruleset'),
    pins: await plain('find', '/sys/fs/bpf', '-mindepth', '1'),
    programs: await plain('sh', '-c', 'bpftool net show; bpftool link show | grep -c tcx || true'),
  };
}

/** Lines in order of their text, without ages, timers, indexes and what guests say that they listen to. */
function normalised(text: string): string {
  return (
    text
      .replace(/^\d+: /gm, '')
      .replace(/\b(?:hello|tcn|topology_change|gc)_timer\s+[\d.]+/g, '')
      .replace(/\b(?:message_age|forward_delay|hold)_timer\s+[\d.]+/g, '')
      .replace(/(?:valid|preferred)_lft \S+/g, '')
      // a bridge numbers its ports as they come
      .replace(/\b(?:port_id|port_no|designated_port|topology_change(?:_\w+)?) \S+/g, '')
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => line !== '' && !line.endsWith(' temp'))
      .sort()
      .join('\n')
  );
}

/** tcpdump at a tap, once it listens: calls back with the moment of each frame, ms. End it with SIGTERM. */
export async function watchTap(
  { enter }: GuestHost,
  tap: string,
  filter: string,
  seen: (at_ms: number) => void,
): Promise<ChildProcess> {
  const [program = '', ...rest] = enter;
  const dump = ['tcpdump', '-i', tap, '-l', '--immediate-mode', '-n', '-tt', '-q', filter];
  const watch = spawn(program, [...rest, ...dump], { stdio: ['ignore', 'pipe', 'pipe'] });
  createInterface({ input: watch.stdout }).on('line', (line) => seen(Number.parseFloat(line) * 1000));
  await once(watch.stderr, 'data');
  watch.stderr.resume();
  return watch;
}
