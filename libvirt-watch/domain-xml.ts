// A domain's XML to facts and NICs. Pure; everything in the XML may be chosen by whoever defines domains.
import { LibvirtError } from './errors.ts';
import { addressOf, macOf, tapOf, uuidOf, vlansOf } from './fields.ts';
import type { Bandwidth, Nic, NicSource, Rate } from './types.ts';
import { attribute, child, children, parseXml, text, type XmlElement } from './xml.ts';

/** What the XML alone says of a domain. */
export interface DomainXml {
  uuid: string;
  name: string;
  title: string | null;
  os: string | null;
  tags: string[];
  /** libvirt gives a running domain an id. */
  active: boolean;
  nics: Nic[];
}

const NICS_MAX = 1024;
const TAGS_MAX = 64;
const TAG_LENGTH_MAX = 128;
const OSINFO = 'http://libosinfo.org/xmlns/libvirt/domain/1.0';

/** Throws `LibvirtError('xml')` when it is not well-formed, over a limit, or no domain with name and UUID. */
export function parseDomainXml(xml: string): DomainXml {
  const domain = parseXml(xml);
  const uuid = uuidOf(text(child(domain, 'uuid')));
  const name = text(child(domain, 'name'));
  if (domain.name !== 'domain' || uuid === null || name === null)
    throw new LibvirtError('xml', 'not a domain with a name and a UUID');
  const metadata = child(domain, 'metadata');
  const active = domain.attributes.has('id');
  return {
    uuid,
    name,
    title: text(child(domain, 'title')),
    os: osOf(metadata),
    tags: tagsOf(metadata),
    active,
    nics: nicsOf(domain, uuid, active),
  };
}

function osOf(metadata: XmlElement | undefined): string | null {
  const libosinfo = metadata?.children.find((each) => each.uri === OSINFO && each.name === 'libosinfo');
  return attribute(
    libosinfo?.children.find((each) => each.name === 'os'),
    'id',
  );
}

/** `<tag>` in `<tags>`, whatever the namespace: `virsh metadata` sets one on the outer element only. */
function tagsOf(metadata: XmlElement | undefined): string[] {
  const lists = metadata?.children.filter((each) => each.name === 'tags') ?? [];
  const tags = lists
    .flatMap((list) => list.children.filter((each) => each.name === 'tag'))
    .flatMap((tag) => text(tag, TAG_LENGTH_MAX) ?? []);
  return [...new Set(tags)].sort().slice(0, TAGS_MAX);
}

function nicsOf(domain: XmlElement, uuid: string, active: boolean): Nic[] {
  const seen = new Map<string, number>();
  return [...interfacesOf(domain)].slice(0, NICS_MAX).flatMap((element) => {
    const mac = macOf(attribute(child(element, 'mac'), 'address'));
    if (mac === null) return [];
    const repeat = (seen.get(mac) ?? 0) + 1;
    seen.set(mac, repeat);
    return [nicOf(element, repeat === 1 ? `${uuid}/${mac}` : `${uuid}/${mac}#${repeat}`, mac, active)];
  });
}

function interfacesOf(domain: XmlElement): XmlElement[] {
  return children(child(domain, 'devices'), 'interface');
}

function nicOf(element: XmlElement, id: string, mac: string, active: boolean): Nic {
  const type = attribute(element, 'type') ?? 'unknown';
  const source = child(element, 'source');
  const kind = kindOf(type, element);
  return {
    id,
    mac,
    tap: active && untappable(type, kind) === null ? tapOf(attribute(child(element, 'target'), 'dev')) : null,
    source: kind,
    type,
    network: attribute(source, 'network'),
    portGroup: attribute(source, 'portgroup'),
    bridge: attribute(source, 'bridge'),
    device: deviceOf(type, source),
    directMode: type === 'direct' ? attribute(source, 'mode') : null,
    vlans: vlansOf(child(element, 'vlan')),
    model: attribute(child(element, 'model'), 'type'),
    linkUp: attribute(child(element, 'link'), 'state') !== 'down',
    bandwidth: bandwidthOf(child(element, 'bandwidth')),
    filter: attribute(child(element, 'filterref'), 'filter'),
    addresses: addressesOf(element),
    untappable: untappable(type, kind),
  };
}

const plainKinds: readonly NicSource[] = ['network', 'direct', 'ethernet', 'user', 'hostdev', 'vhostuser'];

function kindOf(type: string, element: XmlElement): NicSource {
  if (type === 'bridge')
    return attribute(child(element, 'virtualport'), 'type') === 'openvswitch' ? 'ovs' : 'bridge';
  return plainKinds.find((kind) => kind === type) ?? 'other';
}

const reasons: Readonly<Record<string, string>> = {
  user: 'user-mode network (SLIRP, passt): packets leave through sockets of a host process, there is no tap',
  hostdev:
    'the guest drives the network card itself (PCI or SR-IOV passthrough): packets never pass the host',
  vhostuser: 'vhost-user: packets go through memory shared with a user-space switch, there is no tap',
  vdpa: 'vDPA: the network card serves the guest’s queues itself: packets never pass the host',
  mcast: 'QEMU multicast socket: packets leave through a socket of QEMU, there is no tap',
  server: 'QEMU stream socket: packets leave through a socket of QEMU, there is no tap',
  client: 'QEMU stream socket: packets leave through a socket of QEMU, there is no tap',
  udp: 'QEMU datagram socket: packets leave through a socket of QEMU, there is no tap',
  null: 'not connected to anything',
  vds: 'VMware distributed switch: packets do not pass this host’s kernel',
};

/** Reason why a NIC of this kind has no host-side interface, null where it has one. */
function untappable(type: string, kind: NicSource): string | null {
  if (kind !== 'other' && !(kind in reasons)) return null;
  return Object.hasOwn(reasons, type)
    ? (reasons[type] ?? null)
    : `interface type ${type} is not known to vmoat`;
}

function deviceOf(type: string, source: XmlElement | undefined): string | null {
  if (type === 'direct' || type === 'vdpa') return attribute(source, 'dev');
  if (type === 'vhostuser') return attribute(source, 'path');
  const address = child(source, 'address');
  if (type !== 'hostdev' || !address) return null;
  const part = (name: string, digits: number) =>
    (attribute(address, name, 10) ?? '0').replace(/^0x/, '').padStart(digits, '0');
  return `${part('domain', 4)}:${part('bus', 2)}:${part('slot', 2)}.${part('function', 1)}`;
}

function bandwidthOf(element: XmlElement | undefined): Bandwidth | null {
  const inbound = rateOf(child(element, 'inbound'));
  const outbound = rateOf(child(element, 'outbound'));
  return inbound || outbound ? { inbound, outbound } : null;
}

function rateOf(element: XmlElement | undefined): Rate | null {
  if (!element) return null;
  const number = (name: string) => {
    const value = attribute(element, name, 20);
    return value !== null && /^\d{1,15}$/.test(value) ? Number(value) : null;
  };
  return { average: number('average') ?? 0, peak: number('peak'), burst: number('burst') };
}

function addressesOf(element: XmlElement): string[] {
  const own = children(element, 'ip').map((ip) => attribute(ip, 'address', 64));
  const filtered = children(child(element, 'filterref'), 'parameter')
    .filter((each) => ['IP', 'IPV6'].includes(attribute(each, 'name', 16) ?? ''))
    .map((each) => attribute(each, 'value', 64));
  const valid = [...own, ...filtered].flatMap((address) => addressOf(address) ?? []);
  return [...new Set(valid)].slice(0, 64);
}
