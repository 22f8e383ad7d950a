// A /24 that nothing on this host uses: neither a link, nor a route, nor another libvirt network.
import { captured } from '../setup/command.mjs';
import { SetupFailure } from '../setup/failure.mjs';
import { networkNames, virsh } from './virsh.ts';

const FIRST = 130;
const LAST = 250;

/** The first three numbers, such as `192.168.130`. */
export async function freeSubnet(): Promise<string> {
  const used = await usedPrefixes();
  for (let third = FIRST; third <= LAST; third++) {
    const candidate = ((192 << 24) | (168 << 16) | (third << 8)) >>> 0;
    if (!used.some(({ address, length }) => overlaps(candidate, 24, address, length)))
      return `192.168.${third}`;
  }
  throw new SetupFailure('no free 192.168.x.0/24 for the NAT network', {
    hint: 'stop a network that is not needed',
  });
}

interface Prefix {
  address: number;
  length: number;
}

async function usedPrefixes(): Promise<Prefix[]> {
  const routes: string[] = captured(['ip', '-4', 'route', 'show', 'table', 'all']).out.split('\n');
  const fromRoutes = routes.flatMap((route) =>
    prefixOf(/^(?:\w+ )?(\d+\.\d+\.\d+\.\d+(?:\/\d+)?)/.exec(route)?.[1]),
  );
  const networks = await Promise.all((await networkNames('--all')).map((name) => virsh('net-dumpxml', name)));
  return [...fromRoutes, ...networks.flatMap(prefixesInXml)];
}

const prefixesInXml = (xml: string): Prefix[] =>
  [...xml.matchAll(/<ip address=['"](\d+\.\d+\.\d+\.\d+)['"][^>]*/g)].flatMap(([tag, address]) =>
    prefixOf(`${address}/${lengthIn(tag)}`),
  );

function lengthIn(tag: string): number {
  const prefix = /prefix=['"](\d+)/.exec(tag)?.[1];
  if (prefix) return Number(prefix);
  const mask = /netmask=['"](\d+\.\d+\.\d+\.\d+)/.exec(tag)?.[1];
  const bits = mask ? numberOf(mask).toString(2).indexOf('0') : 24;
  return bits < 0 ? 32 : bits;
}

function prefixOf(text: string | undefined): Prefix[] {
  if (!text) return [];
  const [address = '', length = '32'] = text.split('/');
  return [{ address: numberOf(address), length: Number(length) }];
}

const numberOf = (address: string): number =>
  address.split('.').reduce((number, part) => number * 256 + Number(part), 0);

function overlaps(a: number, aLength: number, b: number, bLength: number): boolean {
  const length = Math.min(aLength, bLength);
  const size = 2 ** (32 - length);
  return length > 0 && Math.floor(a / size) === Math.floor(b / size);
}
