// Tunnels: each kind's inside, and headers that lie.
#include <doctest/doctest.h>

#include "parse/test_bytes.h"

namespace vmoat::test {

namespace {

const Buffer inner_ip = ipv4(17, udp(1000, 2000, text("inner")));
const Buffer inner_frame = ethernet(0x0800, inner_ip);

/** What is inside a frame's tunnel; `outer` gets the tunnel's own packet. */
Packet inside(const Buffer& frame, Inner& inner, Packet& outer) {
  outer = decoded(frame);
  inner = inner_of(outer, {});
  Packet p;
  if (inner.kind != TunnelKind::none) decode(inner, outer.cut, p);
  return p;
}

void holds(const Buffer& frame, TunnelKind kind, uint32_t id) {
  Inner inner;
  Packet outer;
  const Packet p = inside(frame, inner, outer);
  CHECK(inner.kind == kind);
  CHECK(inner.id == id);
  CHECK(as_text(p.payload) == "inner");
  CHECK(p.anomalies == 0);
  CHECK(outer.anomalies == 0);
}

Buffer in_udp(uint16_t port, const Buffer& payload) {
  return ethernet(0x0800, ipv4(17, udp(50000, port, payload)));
}
Buffer in_gre(const Buffer& payload) {
  return ethernet(0x0800, ipv4(47, payload));
}

void is_no_tunnel(const Buffer& frame, bool odd) {
  Packet p = decoded(frame);
  CHECK(inner_of(p, {}).kind == TunnelKind::none);
  CHECK(is_odd(p, Anomaly::tunnel_broken) == odd);
}

}  // namespace

TEST_CASE("VXLAN") {
  holds(in_udp(4789, hex("08000000 00006400") + inner_frame), TunnelKind::vxlan, 100);
  holds(in_udp(4790, hex("0c000001 00006400") + inner_ip), TunnelKind::vxlan, 100);
  is_no_tunnel(in_udp(4789, hex("00000000 00006400") + inner_frame), true);
  is_no_tunnel(in_udp(4789, hex("080000")), true);
}

TEST_CASE("VXLAN with group policy or another protocol, on any port") {
  holds(in_udp(4789, hex("88000012 00006400") + inner_frame), TunnelKind::vxlan, 100);
  holds(in_udp(4789, hex("0c000001 00006400") + inner_ip), TunnelKind::vxlan, 100);
  holds(in_udp(8472, hex("08000000 00006400") + inner_frame), TunnelKind::vxlan, 100);
  Packet p = decoded(in_udp(7000, hex("08000000 00006400") + inner_frame));
  CHECK(inner_of(p, {}).kind == TunnelKind::none);
  TunnelPorts configured;
  configured.vxlan = {7000};
  CHECK(inner_of(p, configured).id == 100);
}

TEST_CASE("a client's port may be a tunnel's: what does not look like one is none") {
  const Buffer answer = hex("0801 8180 0001 0001 0000 0000") +
                        hex("03 777777 07 6578616d706c65 00 0001 0001") +
                        hex("c00c 0001 0001 0000003c 0004 0a000001");
  for (uint16_t port : {4789, 8472, 6081, 2152}) {
    for (uint8_t id : {0x08, 0x88, 0x0c, 0x00, 0x30, 0x34}) {
      Buffer body = answer;
      body[0] = id;
      body[1] = 0xff;
      is_no_tunnel(ethernet(0x0800, ipv4(17, udp(53, port, body))), false);
    }
  }
}

TEST_CASE("Geneve") {
  holds(in_udp(6081, hex("00006558 00006400") + inner_frame), TunnelKind::geneve, 100);
  holds(in_udp(6081, hex("02000800 00006400 0001 01 01 00000000") + inner_ip), TunnelKind::geneve, 100);
  is_no_tunnel(in_udp(6081, hex("3f006558 00006400 00000000")), true);
  is_no_tunnel(in_udp(6081, hex("c0006558 00006400") + inner_frame), true);
}

TEST_CASE("GRE, NVGRE, PPTP") {
  holds(in_gre(hex("0000 0800") + inner_ip), TunnelKind::gre, 0);
  holds(in_gre(hex("b000 0800 00000000 00000007 00000001") + inner_ip), TunnelKind::gre, 7);
  holds(in_gre(hex("2000 6558 00006401") + inner_frame), TunnelKind::gre, 100);
  holds(in_gre(hex("3081 880b 00200005 00000001 00000001 ff03 0021") + inner_ip), TunnelKind::gre, 5);
  is_no_tunnel(in_gre(hex("2000 0800 0000")), true);
  Packet routed = decoded(in_gre(hex("4000 0800 00000000 00000000") + inner_ip));
  CHECK(inner_of(routed, {}).kind == TunnelKind::none);
  CHECK(is_odd(routed, Anomaly::gre_routing));
  Packet p = decoded(in_gre(hex("0007 0800") + inner_ip));
  CHECK(inner_of(p, {}).kind == TunnelKind::none);
  CHECK(is_odd(p, Anomaly::gre_version));
}

TEST_CASE("ERSPAN I, II and III") {
  holds(in_gre(hex("0000 88be") + inner_frame), TunnelKind::erspan, 0);
  holds(in_gre(hex("1000 88be 00000001 10000014 00000000") + inner_frame), TunnelKind::erspan, 20);
  holds(in_gre(hex("1000 22eb 00000001 20000014 00000000 00000000") + inner_frame), TunnelKind::erspan, 20);
  holds(in_gre(hex("1000 22eb 00000001 20000014 00000000 00000001") + Buffer(8, 0) + inner_frame),
        TunnelKind::erspan, 20);
  is_no_tunnel(in_gre(hex("1000 88be 00000001 1000")), true);
}

TEST_CASE("GTP-U") {
  holds(in_udp(2152, hex("30ff 0021 00000007") + inner_ip), TunnelKind::gtp, 7);
  holds(in_udp(2152, hex("34ff 0029 00000007 00000085 01000000") + inner_ip), TunnelKind::gtp, 7);
  is_no_tunnel(in_udp(2152, hex("3001 0000 00000007")), false);
  is_no_tunnel(in_udp(2152, hex("34ff 0000 00000007 00000085 00")), true);
}

TEST_CASE("Teredo") {
  Buffer v6 = ipv6(17, udp(1000, 2000, text("inner")));
  is_no_tunnel(in_udp(3544, v6), false);  // no Teredo address in it
  v6[10] = v6[11] = 0;
  holds(in_udp(3544, v6), TunnelKind::teredo, 0);
  holds(in_udp(12345, v6), TunnelKind::teredo, 0);
  holds(in_udp(3544, hex("0001 00 00 0000000000000000 00") + hex("0000 1111 22222222") + v6),
        TunnelKind::teredo, 0);
}

TEST_CASE("IP in IP") {
  holds(ethernet(0x0800, ipv4(4, inner_ip)), TunnelKind::ipip, 0);
  holds(ethernet(0x86dd, ipv6(4, inner_ip)), TunnelKind::fourinsix, 0);
  holds(ethernet(0x0800, ipv4(41, ipv6(17, udp(1, 2, text("inner"))))), TunnelKind::sixinfour, 0);
}

TEST_CASE("every frame parser survives every cut of a frame that nests") {
  const Buffer nested =
      in_udp(4789, hex("08000000 00006400") + in_gre(hex("2000 6558 00006401") + inner_frame));
  for (size_t n = 0; n <= nested.size(); n++) {
    const Buffer cut(nested.begin(), nested.begin() + static_cast<ptrdiff_t>(n));
    for (const FrameParser& parser : frame_parsers()) parser.run(cut);
  }
}

}  // namespace vmoat::test
