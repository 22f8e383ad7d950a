// TCP, UDP, SCTP, ICMP and neighbour discovery.
#include <doctest/doctest.h>

#include "parse/test_bytes.h"

namespace vmoat::test {

namespace {
Packet v4(uint8_t proto, const Buffer& body) {
  return decoded(ethernet(0x0800, ipv4(proto, body)));
}
}  // namespace

TEST_CASE("TCP") {
  const Packet p = v4(6, tcp(40000, 80, 7, 9, tcp_ack | tcp_psh, text("GET")));
  CHECK(p.sport == 40000);
  CHECK(p.seq == 7);
  CHECK(p.ack == 9);
  CHECK(p.tcp_flags == (tcp_ack | tcp_psh));
  CHECK(as_text(p.payload) == "GET");
  CHECK(p.anomalies == 0);
}

TEST_CASE("TCP options") {
  Buffer b = tcp(1000, 80, 7, 0, tcp_syn) + hex("020405b4 01030307");
  b[12] = 0x70;
  CHECK(v4(6, b).mss == 1460);
  CHECK(v4(6, b).window_scale == 7);
  b[21] = 0;
  CHECK(is_odd(v4(6, b), Anomaly::tcp_options));
  b[12] = 0xf0;
  CHECK(is_odd(v4(6, b), Anomaly::tcp_header_length));
  b[12] = 0x40;
  CHECK(is_odd(v4(6, b), Anomaly::tcp_header_length));
}

TEST_CASE("TCP flags that no stack sends") {
  const auto flags = [](uint8_t f) { return v4(6, tcp(1000, 80, 7, 0, f)); };
  CHECK(is_odd(flags(0), Anomaly::tcp_no_flags));
  CHECK(is_odd(flags(tcp_fin | tcp_psh | tcp_urg), Anomaly::tcp_xmas));
  CHECK(is_odd(flags(tcp_syn | tcp_fin), Anomaly::tcp_syn_fin));
  CHECK(is_odd(flags(tcp_syn | tcp_rst), Anomaly::tcp_syn_rst));
  CHECK(is_odd(flags(tcp_fin), Anomaly::tcp_fin_without_ack));
  CHECK(is_odd(v4(6, tcp(1000, 80, 7, 0, tcp_syn, text("x"))), Anomaly::tcp_syn_data));
  CHECK(flags(tcp_rst).anomalies == 0);
  CHECK(flags(tcp_syn | tcp_ack).anomalies == 0);
}

TEST_CASE("short headers keep the ports that are there") {
  const Packet p = v4(6, be16(1000) + be16(80) + hex("00"));
  CHECK(is_odd(p, Anomaly::tcp_short));
  CHECK(p.layer == Layer::network);
  CHECK(p.dport == 80);
  CHECK(is_odd(v4(17, be16(1000)), Anomaly::udp_short));
  CHECK(is_odd(v4(1, hex("0800")), Anomaly::icmp_short));
  CHECK(is_odd(v4(132, hex("0800")), Anomaly::sctp_short));
}

TEST_CASE("UDP lengths") {
  Buffer b = udp(1000, 53, text("hello"));
  b[5] = 10;
  CHECK(as_text(v4(17, b).payload) == "he");
  b[5] = 7;
  CHECK(is_odd(v4(17, b), Anomaly::udp_length));
  b[5] = 200;
  CHECK(is_odd(v4(17, b), Anomaly::udp_length));
  CHECK(as_text(v4(17, b).payload) == "hello");
}

TEST_CASE("the same end twice, and port 0") {
  Buffer b = ipv4(6, tcp(80, 80, 7, 0, tcp_syn));
  b[19] = 1;
  CHECK(is_odd(decoded(ethernet(0x0800, b)), Anomaly::ip_land));
  CHECK(is_odd(v4(17, udp(0, 53, {})), Anomaly::port_zero));
}

TEST_CASE("SCTP: the first DATA chunk's user data") {
  const Buffer common = be16(2905) + be16(2905) + Buffer(8, 0);
  const Buffer sack = hex("03 00 0010") + Buffer(12, 0),
               data = hex("00 03 0015") + Buffer(12, 0) + text("hello");
  const Packet p = v4(132, common + sack + data + Buffer(3, 0));
  CHECK(p.dport == 2905);
  CHECK(as_text(p.payload) == "hello");
  CHECK(is_odd(v4(132, common + hex("03 00 0002")), Anomaly::sctp_short));
}

TEST_CASE("an echo reply goes under its request") {
  const Packet request = v4(1, hex("08 00 0000 1234 0001")), reply = v4(1, hex("00 00 0000 1234 0001"));
  CHECK(request.sport == 0x1234);
  CHECK(request.dport == 8 << 8);
  CHECK(reply.sport == 0x1234);
  CHECK(reply.dport == 8 << 8);
  CHECK(reply.reply);
  CHECK_FALSE(request.reply);
}

TEST_CASE("an ICMP error quotes what it is about") {
  CHECK(v4(1, hex("03 03 0000 00000000") + ipv4(17, udp(1, 2, {}))).anomalies == 0);
  CHECK(is_odd(v4(1, hex("03 03 0000 00000000")), Anomaly::icmp_quote));
  CHECK(v4(1, hex("03 03 0000 00000000") + ipv4(17, {})).dport == 0x0303);
}

TEST_CASE("neighbour discovery") {
  const Buffer target = hex("20010db8000000000000000000000002"), option = hex("01 01 020000000001");
  const Buffer solicitation = hex("87 00 0000 00000000") + target + option;
  const auto v6 = [](const Buffer& body, uint8_t hops) {
    return decoded(ethernet(0x86dd, ipv6(58, body, hops)));
  };
  CHECK(v6(solicitation, 255).anomalies == 0);
  CHECK(is_odd(v6(solicitation, 64), Anomaly::ndp_malformed));
  Buffer endless = solicitation;
  endless[25] = 0;
  CHECK(is_odd(v6(endless, 255), Anomaly::ndp_malformed));
}

}  // namespace vmoat::test
