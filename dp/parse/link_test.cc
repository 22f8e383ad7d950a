// Link layers: what stands before IP, whole and broken.
#include <doctest/doctest.h>

#include "parse/test_bytes.h"

namespace vmoat::test {

namespace {
const Buffer datagram = ipv4(17, udp(1000, 2000, text("hello")));
}

TEST_CASE("an EtherType that nobody uses is odd, a control protocol's is not") {
  CHECK(is_odd(decoded(ethernet(0x1234, text("what"))), Anomaly::ethernet_unknown));
  CHECK(decoded(ethernet(0x88cc, text("lldp"))).anomalies == 0);
  CHECK(decoded(ethernet(0x8863, text("padi"))).anomalies == 0);
}

TEST_CASE("ethernet") {
  const Packet p = decoded(ethernet(0x0800, datagram));
  CHECK(p.layer == Layer::transport);
  CHECK(p.src_mac == Mac{2, 0, 0, 0, 0, 1});
  CHECK(p.dst_mac == Mac{2, 0, 0, 0, 0, 2});
  CHECK(p.sport == 1000);
  CHECK(p.dport == 2000);
  CHECK(as_text(p.payload) == "hello");
  CHECK(p.anomalies == 0);
}

TEST_CASE("ethernet's padding is no payload") {
  CHECK(as_text(decoded(ethernet(0x0800, datagram) + Buffer(13, 0)).payload) == "hello");
}

TEST_CASE("every shorter frame is survived") {
  const Buffer whole = ethernet(0x8100, hex("00 07 08 00") + datagram);
  for (size_t n = 0; n < whole.size(); n++) {
    const Packet p = decoded(Buffer(whole.begin(), whole.begin() + static_cast<ptrdiff_t>(n)));
    CHECK(p.anomalies != 0);
    CHECK(p.payload.size() < 5);
  }
}

TEST_CASE("802.3: SNAP bears IP, spanning tree is nothing to us") {
  const Packet snap =
      decoded(ethernet(static_cast<uint16_t>(8 + datagram.size()), hex("aaaa03 000000 0800") + datagram));
  CHECK(snap.dport == 2000);
  const Packet stp = decoded(ethernet(38, hex("424203") + Buffer(35, 0)));
  CHECK(stp.layer == Layer::none);
  CHECK(stp.anomalies == 0);
}

TEST_CASE("one tag, two tags, three tags") {
  const Packet one = decoded(ethernet(0x8100, hex("2007 0800") + datagram));
  CHECK(one.tags[0] == 7);
  CHECK(one.tags[1] == 0);
  const Packet two = decoded(ethernet(0x88a8, hex("0064 8100 0007 0800") + datagram));
  CHECK(two.tags[0] == 100);
  CHECK(two.tags[1] == 7);
  const Packet three = decoded(ethernet(0x88a8, hex("0064 8100 0007 8100 0008 0800") + datagram));
  CHECK(three.dport == 2000);
  CHECK(is_odd(three, Anomaly::vlan_deep));
}

TEST_CASE("tags that the kernel took out stand outermost") {
  const Buffer frame = ethernet(0x8100, hex("0007 0800") + datagram);
  Packet p;
  decode({.bytes = frame, .length = 100, .tags = {100, 0}}, p);
  CHECK(p.tags[0] == 100);
  CHECK(p.tags[1] == 7);
}

TEST_CASE("a tower of tags ends") {
  Buffer tags;
  for (int i = 0; i < 40; i++) tags = tags + hex("0007 8100");
  CHECK(decoded(ethernet(0x8100, tags)).layer == Layer::none);
}

TEST_CASE("MPLS: labels, and what is behind them") {
  const Packet ip = decoded(ethernet(0x8847, hex("00010040 00011140") + datagram));
  CHECK(ip.dport == 2000);
  CHECK(ip.mpls.kind == TunnelKind::mpls);
  CHECK(ip.mpls.id == 0x11);
  const Packet wire = decoded(ethernet(0x8847, hex("00011140 00000000") + ethernet(0x0800, datagram)));
  CHECK(wire.dport == 2000);
  CHECK(is_odd(decoded(ethernet(0x8847, hex("00010040"))), Anomaly::mpls_short));
  CHECK(is_odd(decoded(ethernet(0x8847, Buffer(80, 0))), Anomaly::mpls_deep));
}

TEST_CASE("PPPoE") {
  CHECK(decoded(ethernet(0x8864, hex("1100 0001") + be16(2 + datagram.size()) + hex("0021") + datagram))
            .dport == 2000);
  CHECK(is_odd(decoded(ethernet(0x8864, hex("2100 0001 0002 0021"))), Anomaly::pppoe_broken));
  CHECK(is_odd(decoded(ethernet(0x8864, hex("1100 0001 0202 0021"))), Anomaly::pppoe_broken));
}

TEST_CASE("Linux cooked captures, null and raw IP") {
  const Buffer cooked = hex("0000 0001 0006 020000000001 0000 0800") + datagram;
  CHECK(decoded(cooked, LinkType::cooked).dport == 2000);
  CHECK(decoded(cooked, LinkType::cooked).src_mac == Mac{2, 0, 0, 0, 0, 1});
  const Buffer cooked2 = hex("0800 0000 00000003 0001 04 06 020000000001 0000") + datagram;
  CHECK(decoded(cooked2, LinkType::cooked2).dport == 2000);
  CHECK(decoded(hex("02000000") + datagram, LinkType::null).dport == 2000);
  CHECK(decoded(hex("00000002") + datagram, LinkType::null).dport == 2000);
  CHECK(decoded(datagram, LinkType::raw).dport == 2000);
  CHECK(decoded(ipv6(17, udp(1, 2000, {})), LinkType::raw).dport == 2000);
  CHECK(decoded(datagram, static_cast<LinkType>(999)).layer == Layer::none);
  CHECK(decoded({}, LinkType::raw).layer == Layer::none);
}

TEST_CASE("ARP") {
  const Buffer request = hex("0001 0800 06 04 0001 020000000001 0a000001 000000000000 0a000002");
  const Packet p = decoded(ethernet(0x0806, request));
  CHECK(p.layer == Layer::arp);
  CHECK(p.body.size() == 28);
  CHECK(p.anomalies == 0);
  CHECK(is_odd(decoded(ethernet(0x0806, hex("0001 0800 06 04 0001 0200"))), Anomaly::arp_malformed));
  Buffer long_addresses = request;
  long_addresses[4] = 200;
  CHECK(is_odd(decoded(ethernet(0x0806, long_addresses)), Anomaly::arp_malformed));
}

}  // namespace vmoat::test
