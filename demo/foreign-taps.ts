// The taps of VMs that are not the demo's: its data plane leaves them alone.
import { captured } from '../setup/command.mjs';
import { PREFIX } from './plan.ts';
import { domainNames, virsh } from './virsh.ts';

const TAP_KINDS = ['tun', 'macvtap'];

interface Link {
  ifname: string;
  linkinfo?: { info_kind?: string };
}

export async function foreignTaps(): Promise<string[]> {
  const links: Link[] = JSON.parse(captured(['ip', '-j', '-d', 'link', 'show']).out || '[]');
  const taps = links
    .filter(({ linkinfo }) => TAP_KINDS.includes(linkinfo?.info_kind ?? ''))
    .map(({ ifname }) => ifname);
  const own = new Set(await demoTaps());
  return taps.filter((name) => !own.has(name) && !name.startsWith(PREFIX));
}

async function demoTaps(): Promise<string[]> {
  const domains = (await domainNames()).filter((name) => name.startsWith(PREFIX));
  const tables = await Promise.all(domains.map((name) => virsh('domiflist', name)));
  return tables.flatMap((table) => table.split('\n').map((line) => line.trim().split(/\s+/)[0] ?? ''));
}
