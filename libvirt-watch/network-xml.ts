// A network's XML to its addresses, ranges and port groups. Pure.
import { LibvirtError } from './errors.ts';
import { addressOf, macOf, tapOf, uuidOf, vlansOf } from './fields.ts';
import type { Network, NetworkAddress, PortGroup } from './types.ts';
import { attribute, child, children, parseXml, text, type XmlElement } from './xml.ts';

/** What the XML alone says of a network. */
export type NetworkXml = Omit<Network, 'active' | 'persistent' | 'leases' | 'unreadable'>;

const HOSTS_MAX = 16_384;

/** Throws `LibvirtError('xml')` when it is not well-formed, over a limit, or no network with name and UUID. */
export function parseNetworkXml(xml: string): NetworkXml {
  const network = parseXml(xml);
  const uuid = uuidOf(text(child(network, 'uuid')));
  const name = text(child(network, 'name'));
  if (network.name !== 'network' || uuid === null || name === null)
    throw new LibvirtError('xml', 'not a network with a name and a UUID');
  const forward = child(network, 'forward');
  return {
    uuid,
    name,
    bridge: tapOf(attribute(child(network, 'bridge'), 'name')),
    // A forward element without a mode means nat.
    forward: forward ? (attribute(forward, 'mode', 32) ?? 'nat') : 'isolated',
    devices: devicesOf(forward),
    ovs: attribute(child(network, 'virtualport'), 'type') === 'openvswitch',
    vlans: vlansOf(child(network, 'vlan')),
    addresses: children(network, 'ip').flatMap(addressBlock),
    portGroups: children(network, 'portgroup').flatMap(portGroup),
  };
}

function devicesOf(forward: XmlElement | undefined): string[] {
  const listed = children(forward, 'interface').map((each) => tapOf(attribute(each, 'dev')));
  const all = [tapOf(attribute(forward, 'dev')), ...listed].flatMap((name) => name ?? []);
  return [...new Set(all)];
}

function addressBlock(element: XmlElement): NetworkAddress[] {
  const address = addressOf(attribute(element, 'address', 64));
  if (address === null) return [];
  const dhcp = child(element, 'dhcp');
  return [{ address, prefix: prefixOf(element, address), ranges: rangesOf(dhcp), hosts: hostsOf(dhcp) }];
}

/** `prefix`, or the length of `netmask`, or (as libvirt does) the class of an IPv4 address, 64 for IPv6. */
function prefixOf(element: XmlElement, address: string): number {
  const bits = address.includes(':') ? 128 : 32;
  const prefix = attribute(element, 'prefix', 4);
  if (prefix !== null && /^\d{1,3}$/.test(prefix)) return Math.min(Number(prefix), bits);
  if (bits === 128) return 64;
  const mask = attribute(element, 'netmask', 15) ?? '';
  if (addressOf(mask) !== null) return maskLength(mask);
  const first = Number(address.split('.')[0]);
  return first < 128 ? 8 : first < 192 ? 16 : 24;
}

function maskLength(mask: string): number {
  const bits = mask.split('.').map((octet) => Number(octet).toString(2).padStart(8, '0'));
  return bits.join('').replace(/0.*$/, '').length;
}

function rangesOf(dhcp: XmlElement | undefined): NetworkAddress['ranges'] {
  return children(dhcp, 'range').flatMap((range) => {
    const start = addressOf(attribute(range, 'start', 64));
    const end = addressOf(attribute(range, 'end', 64));
    return start !== null && end !== null ? [{ start, end }] : [];
  });
}

function hostsOf(dhcp: XmlElement | undefined): NetworkAddress['hosts'] {
  return children(dhcp, 'host')
    .slice(0, HOSTS_MAX)
    .flatMap((host) => {
      const address = addressOf(attribute(host, 'ip', 64));
      return address === null
        ? []
        : [{ mac: macOf(attribute(host, 'mac')), name: attribute(host, 'name'), address }];
    });
}

function portGroup(element: XmlElement): PortGroup[] {
  const name = attribute(element, 'name');
  if (name === null) return [];
  return [{ name, default: attribute(element, 'default') === 'yes', vlans: vlansOf(child(element, 'vlan')) }];
}
