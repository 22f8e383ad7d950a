// Domain XML: every kind of NIC, hostile names, and a seeded fuzz that must end in a value or a LibvirtError.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseDomainXml } from './domain-xml.ts';
import { LibvirtError } from './errors.ts';
import { mutated, random } from './fuzz.ts';
import { parseNetworkXml } from './network-xml.ts';
import type { Nic } from './types.ts';

const UUID = '11111111-2222-3333-4444-555555555555';

function domain(devices: string, head = '', active = true): string {
  return `<domain type='kvm'${active ? " id='7'" : ''}><name>vm</name><uuid>${UUID}</uuid>${head}<devices>${devices}</devices></domain>`;
}

function nic(xml: string, active = true): Nic {
  const [first] = parseDomainXml(domain(xml, '', active)).nics;
  assert.ok(first);
  return first;
}

const mac = "<mac address='52:54:00:AA:bb:01'/>";

test('network: port group, VLAN tags, bandwidth, link, model, filter, addresses', () => {
  const found = nic(`<interface type='network'>${mac}
    <source network='lan' portgroup='eng' portid='x' bridge='virbr7'/><target dev='vnet3'/><model type='virtio'/>
    <vlan trunk='yes'><tag id='47'/><tag id='42' nativeMode='untagged'/></vlan><link state='down'/>
    <bandwidth><inbound average='1000' peak='5000' burst='1024'/><outbound average='128'/></bandwidth>
    <filterref filter='clean-traffic'><parameter name='IP' value='10.0.0.5'/></filterref>
    <ip address='2001:DB8:0::5' prefix='64'/></interface>`);
  assert.deepEqual(found, {
    id: `${UUID}/52:54:00:aa:bb:01`,
    mac: '52:54:00:aa:bb:01',
    tap: 'vnet3',
    source: 'network',
    type: 'network',
    network: 'lan',
    portGroup: 'eng',
    bridge: 'virbr7',
    device: null,
    directMode: null,
    vlans: [42, 47],
    model: 'virtio',
    linkUp: false,
    bandwidth: {
      inbound: { average: 1000, peak: 5000, burst: 1024 },
      outbound: { average: 128, peak: null, burst: null },
    },
    filter: 'clean-traffic',
    addresses: ['2001:db8::5', '10.0.0.5'],
    untappable: null,
  });
});

test('bridge, Open vSwitch, ethernet and direct have taps', () => {
  const bridge = nic(
    `<interface type='bridge'>${mac}<source bridge='br0'/><target dev='vnet1'/></interface>`,
  );
  assert.deepEqual(
    [bridge.source, bridge.bridge, bridge.tap, bridge.untappable],
    ['bridge', 'br0', 'vnet1', null],
  );
  const ovs = nic(`<interface type='bridge'>${mac}<source bridge='ovs0'/><virtualport type='openvswitch'/>
    <vlan><tag id='5'/></vlan><target dev='vnet2'/></interface>`);
  assert.deepEqual([ovs.source, ovs.vlans, ovs.untappable], ['ovs', [5], null]);
  const ethernet = nic(`<interface type='ethernet'>${mac}<target dev='mytap'/></interface>`);
  assert.deepEqual([ethernet.source, ethernet.tap, ethernet.untappable], ['ethernet', 'mytap', null]);
  const direct = nic(
    `<interface type='direct'>${mac}<source dev='eth0' mode='vepa'/><target dev='macvtap0'/></interface>`,
  );
  assert.deepEqual(
    [direct.source, direct.device, direct.directMode, direct.tap],
    ['direct', 'eth0', 'vepa', 'macvtap0'],
  );
});

test('kinds without a tap say why', () => {
  const kinds: [string, string, RegExp][] = [
    [`<interface type='user'>${mac}</interface>`, 'user', /user-mode/],
    [
      `<interface type='vhostuser'>${mac}<source type='unix' path='/run/x' mode='client'/></interface>`,
      'vhostuser',
      /vhost-user/,
    ],
    [
      `<interface type='hostdev' managed='yes'>${mac}<source><address type='pci' domain='0x0000' bus='0x3b' slot='0x2' function='0x1'/></source></interface>`,
      'hostdev',
      /passthrough/,
    ],
    [`<interface type='vdpa'>${mac}<source dev='/dev/vhost-vdpa-0'/></interface>`, 'other', /vDPA/],
    [
      `<interface type='mcast'>${mac}<source address='230.0.0.1' port='5558'/></interface>`,
      'other',
      /multicast socket/,
    ],
    [`<interface type='udp'>${mac}</interface>`, 'other', /datagram/],
    [`<interface type='brandnew'>${mac}<target dev='vnet9'/></interface>`, 'other', /brandnew/],
    [`<interface type='constructor'>${mac}</interface>`, 'other', /constructor/],
  ];
  for (const [xml, source, reason] of kinds) {
    const found = nic(xml);
    assert.equal(found.source, source);
    assert.equal(found.tap, null);
    assert.match(found.untappable ?? '', reason);
  }
  assert.equal(nic(kinds[2]?.[0] ?? '').device, '0000:3b:02.1');
  assert.equal(nic(kinds[1]?.[0] ?? '').device, '/run/x');
});

test('a domain that does not run has no taps', () => {
  const xml = `<interface type='ethernet'>${mac}<target dev='mytap'/></interface>`;
  assert.equal(nic(xml, false).tap, null);
  assert.equal(nic(xml, false).untappable, null);
});

test('a repeated MAC makes two NICs', () => {
  const one = `<interface type='user'>${mac}</interface>`;
  const ids = parseDomainXml(domain(one + one)).nics.map((each) => each.id);
  assert.deepEqual(ids, [`${UUID}/52:54:00:aa:bb:01`, `${UUID}/52:54:00:aa:bb:01#2`]);
});

test('title, OS and tags, in whatever namespace the tags stand', () => {
  const found = parseDomainXml(
    domain(
      '',
      `<title> Shop &amp; cart </title><metadata>
        <libosinfo:libosinfo xmlns:libosinfo='http://libosinfo.org/xmlns/libvirt/domain/1.0'>
          <libosinfo:os id='http://debian.org/debian/12'/></libosinfo:libosinfo>
        <v:tags xmlns:v='https://example.org/x'><v:tag>web</v:tag><tag>db</tag><v:tag>web</v:tag><tag> </tag></v:tags>
      </metadata>`,
    ),
  );
  assert.deepEqual(
    [found.title, found.os, found.tags],
    ['Shop & cart', 'http://debian.org/debian/12', ['db', 'web']],
  );
});

test('hostile names come through as the text they are, bounded', () => {
  const name = '&lt;img src=x onerror=alert(1)&gt;&#x202e;&#9;';
  const xml = domain(
    `<interface type='bridge'>${mac}<source bridge='${name}'/><target dev='../etc'/></interface>`,
  ).replace('<name>vm</name>', `<name>${name}${'n'.repeat(5000)}</name>`);
  const found = parseDomainXml(xml);
  assert.equal(found.name.length, 256);
  assert.ok(found.name.startsWith('<img src=x onerror=alert(1)>\u202e'));
  assert.equal(found.nics[0]?.tap, null);
});

test('numbers and lists from outside are bounded', () => {
  const tags = Array.from({ length: 500 }, (_, i) => `<tag>${i}-${'x'.repeat(300)}</tag>`).join('');
  const nics = `<interface type='user'>${mac}</interface>`.repeat(2000);
  const found = parseDomainXml(domain(nics, `<metadata><tags>${tags}</tags></metadata>`));
  assert.equal(found.nics.length, 1024);
  assert.equal(found.tags.length, 64);
  assert.ok(found.tags.every((tag) => tag.length <= 128));
  const odd = nic(`<interface type='bridge'>${mac}<vlan><tag id='4096'/><tag id='-1'/><tag id='7'/></vlan>
    <bandwidth><inbound average='1e999'/></bandwidth></interface>`);
  assert.deepEqual(odd.vlans, [7]);
  assert.deepEqual(odd.bandwidth?.inbound, { average: 0, peak: null, burst: null });
});

test('what is no domain is refused', () => {
  for (const xml of ['<network/>', '<domain/>', `<domain><name>x</name><uuid>no</uuid></domain>`])
    assert.throws(() => parseDomainXml(xml), LibvirtError);
});

const NETWORK = `<network ipv6='yes'><name>blue</name><uuid>${UUID}</uuid><forward mode='nat' dev='eth0'><interface dev='eth0'/></forward>
  <bridge name='virbr9' stp='on'/><vlan><tag id='3'/></vlan><portgroup name='a' default='yes'><vlan><tag id='9'/></vlan></portgroup>
  <ip address='10.1.2.1' netmask='255.255.252.0'><dhcp><range start='10.1.2.2' end='10.1.2.9'/>
    <host mac='52:54:00:00:00:0A' name='a' ip='10.1.2.3'/></dhcp></ip>
  <ip family='ipv6' address='fd00:0::1' prefix='64'/></network>`;

test('network XML', () => {
  assert.deepEqual(parseNetworkXml(NETWORK), {
    uuid: UUID,
    name: 'blue',
    bridge: 'virbr9',
    forward: 'nat',
    devices: ['eth0'],
    ovs: false,
    vlans: [3],
    addresses: [
      {
        address: '10.1.2.1',
        prefix: 22,
        ranges: [{ start: '10.1.2.2', end: '10.1.2.9' }],
        hosts: [{ mac: '52:54:00:00:00:0a', name: 'a', address: '10.1.2.3' }],
      },
      { address: 'fd00::1', prefix: 64, ranges: [], hosts: [] },
    ],
    portGroups: [{ name: 'a', default: true, vlans: [9] }],
  });
  const bare = `<network><name>x</name><uuid>${UUID}</uuid></network>`;
  assert.equal(parseNetworkXml(bare).forward, 'isolated');
  assert.equal(parseNetworkXml(bare.replace('</network>', '<forward/></network>')).forward, 'nat');
});

const SEED = 20261120;
const FUZZ_MS = 2000;

test(`fuzz: mutated documents end in a value or a LibvirtError (seed ${SEED})`, () => {
  const next = random(SEED);
  const seeds = [
    domain(
      `<interface type='network'>${mac}<source network='lan'/><target dev='vnet3'/><vlan><tag id='4'/></vlan>
      <bandwidth><inbound average='1'/></bandwidth><ip address='10.0.0.1'/></interface>`,
      '<title>&amp;</title><metadata><t:tags xmlns:t="urn:t"><t:tag>x</t:tag></t:tags></metadata>',
    ),
    NETWORK,
    '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>',
  ];
  const end = Date.now() + FUZZ_MS;
  let runs = 0;
  while (Date.now() < end) {
    const xml = mutated(seeds[runs % seeds.length] ?? '', next);
    for (const parse of [parseDomainXml, parseNetworkXml]) {
      try {
        assert.ok(parse(xml).name.length <= 256);
      } catch (error) {
        assert.ok(error instanceof LibvirtError, `${String(error)}\nrun ${runs}: ${JSON.stringify(xml)}`);
      }
    }
    runs += 1;
  }
  assert.ok(runs > 100);
});
