// Announced flows: whole exchanges of the protocols that announce, and what must not be linked.
#include <doctest/doctest.h>

#include "engine/test_pipeline.h"

namespace vmoat::test {
namespace {

constexpr uint8_t client = 1, server = 2, stranger = 3;

/** One TCP connection between two hosts, its sequence numbers kept. */
struct Talk {
  Rig& rig;
  uint8_t from, to;
  uint16_t sport, dport;
  uint32_t mine = 101, its = 501;

  void open() {
    rig.ip(from, to, 6, tcp(sport, dport, 100, 0, 2));
    rig.ip(to, from, 6, tcp(dport, sport, 500, 101, 18));
    rig.ip(from, to, 6, tcp(sport, dport, 101, 501, 16));
  }
  void say(std::string_view what) {
    rig.ip(from, to, 6, tcp(sport, dport, mine, its, 24, text(what)));
    mine += static_cast<uint32_t>(what.size());
  }
  void hear(std::string_view what) {
    rig.ip(to, from, 6, tcp(dport, sport, its, mine, 24, text(what)));
    its += static_cast<uint32_t>(what.size());
  }
};

/** A login of FTP; the control connection is the rig's first flow. */
Talk ftp_login(Rig& rig) {
  Talk talk{rig, client, server, 40000, 21};
  talk.open();
  talk.hear("220 ready\r\n");
  talk.say("USER alice\r\n");
  talk.hear("331 password\r\n");
  talk.say("PASS hunter2\r\n");
  talk.hear("230 in\r\n");
  return talk;
}

const Flow& flow_to(const std::vector<Flow>& flows, uint16_t port) {
  for (const Flow& f : flows)
    if (f.dport == port) return f;
  REQUIRE(false);
  return flows[0];
}

}  // namespace

TEST_CASE("ftp: the passive data channel is a child of the control connection") {
  Rig rig;
  Talk control = ftp_login(rig);
  control.say("PASV\r\n");
  control.hear("227 Entering Passive Mode (10,0,0,2,195,80).\r\n");
  Talk data{rig, client, server, 40001, 195 * 256 + 80};
  data.open();
  data.hear("SSH-2.0-a file that looks like something else\r\n");
  const auto& flows = rig.finish();
  const Flow &parent = flow_to(flows, 21), &child = flow_to(flows, 50000);
  CHECK(parent.app == "ftp");
  CHECK(parent.facts.at("ftp.user") == "alice");
  CHECK(child.app == "ftp-data");
  CHECK(child.confidence == Confidence::sure);
  CHECK(child.parent == parent.id);
}

TEST_CASE("ftp: the reply may come in pieces, and PASV in the very first segment") {
  Rig rig;
  Talk control{rig, client, server, 40000, 21};
  control.open();
  control.hear("220 FTP\r\n");
  control.say("USER a\r\nPASS b\r\nPA");
  control.say("SV\r\n");
  control.hear("331 x\r\n230 y\r\n227 En");
  control.hear("tering (10,0,0,2,195");
  control.hear(",80)\r\n");
  Talk{rig, client, server, 40001, 50000}.open();
  const auto& flows = rig.finish();
  CHECK(flow_to(flows, 50000).app == "ftp-data");
}

TEST_CASE("ftp: active, extended active and extended passive") {
  Rig rig;
  Talk control = ftp_login(rig);
  control.say("PORT 10,0,0,1,156,65\r\n");
  Talk{rig, server, client, 20, 40001}.open();
  control.say("EPRT |1|10.0.0.1|40002|\r\n");
  Talk{rig, server, client, 20, 40002}.open();
  control.hear("229 Entering Extended Passive Mode (|||50001|)\r\n");
  Talk{rig, client, server, 40003, 50001}.open();
  const auto& flows = rig.finish();
  const uint64_t parent = flow_to(flows, 21).id;
  for (uint16_t port : {40001, 40002, 50001}) {
    CHECK(flow_to(flows, port).app == "ftp-data");
    CHECK(flow_to(flows, port).parent == parent);
  }
}

TEST_CASE("ftp: neither a stranger's connection, nor a second one, nor a late one is linked") {
  Rig rig;
  Talk control = ftp_login(rig);
  control.hear("229 x (|||50001|)\r\n229 x (|||50002|)\r\n");
  Talk{rig, stranger, server, 40003, 50001}.open();
  Talk{rig, client, server, 40004, 50001}.open();
  Talk{rig, client, server, 40005, 50001}.open();
  rig.now_ns += 121 * second_ns;
  Talk{rig, client, server, 40006, 50002}.open();
  const auto& flows = rig.finish();
  int linked = 0;
  for (const Flow& f : flows) linked += f.parent != 0;
  CHECK(linked == 1);
  for (const Flow& f : flows)
    if (f.parent != 0) CHECK(f.sport == 40004);
}

TEST_CASE("ftp: a third address is linked, its name is a guess") {
  Rig rig;
  Talk control = ftp_login(rig);
  control.say("PORT 10,0,0,3,0,22\r\n");
  Talk{rig, server, stranger, 20, 22}.open();
  const auto& flows = rig.finish();
  const Flow& child = flow_to(flows, 22);
  CHECK(child.parent == flow_to(flows, 21).id);
  CHECK(child.app == "ftp-data");
  CHECK(child.confidence == Confidence::guess);
}

TEST_CASE("tftp: the transfer from the server's new port is the request's child") {
  Rig rig;
  rig.ip(client, server, 17, udp(40000, 69, text(std::string("\0\1boot.img\0octet\0", 17))));
  rig.ip(server, client, 17, udp(50123, 40000, text(std::string("\0\3\0\1data", 8))));
  rig.ip(client, server, 17, udp(40000, 50123, text(std::string("\0\4\0\1", 4))));
  const auto& flows = rig.finish();
  const Flow &request = flow_to(flows, 69), &transfer = flow_to(flows, 50123);
  CHECK(request.facts.at("tftp.file") == "boot.img");
  CHECK(transfer.parent == request.id);
  CHECK(transfer.app == "tftp");
  CHECK(transfer.confidence == Confidence::sure);
  CHECK(transfer.src[15] == client);
}

TEST_CASE("tftp: what comes instead of a transfer is linked, and no more than a guess") {
  Rig rig;
  rig.ip(client, server, 17, udp(40000, 69, text(std::string("\0\1boot.img\0octet\0", 17))));
  rig.ip(server, client, 17, udp(50123, 40000, text("something else")));
  const Flow& child = flow_to(rig.finish(), 50123);
  CHECK(child.app == "tftp");
  CHECK(child.confidence == Confidence::guess);
}

namespace {

std::string description(std::string_view address, std::string_view ports) {
  return "v=0\r\no=- 1 1 IN IP4 10.0.0.9\r\ns=-\r\nc=IN IP4 " + std::string(address) +
         "\r\nt=0 0\r\nm=audio " + std::string(ports) + " RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\n";
}
std::string with_body(const std::string& start, const std::string& body) {
  return start +
         "\r\nFrom: \"A\" <sip:alice:hunter2@example.org;x=1>;tag=1\r\nTo: <sip:bob@example.org>\r\n" +
         "Content-Type: application/sdp\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
         body;
}
Buffer media() {
  return text(std::string("\x80\0\0\1\0\0\0\1\1\2\3\4", 12) + std::string(20, 'u'));
}
Buffer report() {
  return text(std::string("\x80\xc9\0\1\1\2\3\4", 8));
}

}  // namespace

TEST_CASE("sip: media of both ends, and its control, are the call's children") {
  Rig rig;
  rig.ip(client, server, 17,
         udp(5060, 5060,
             text(with_body("INVITE sip:bob@example.org SIP/2.0", description("10.0.0.1", "40000")))));
  rig.ip(server, client, 17,
         udp(5060, 5060, text(with_body("SIP/2.0 200 OK", description("10.0.0.3", "30000")))));
  rig.ip(client, stranger, 17, udp(40000, 30000, media()));
  rig.ip(stranger, client, 17, udp(30001, 40001, report()));
  const auto& flows = rig.finish();
  const Flow& call = flow_to(flows, 5060);
  CHECK(call.facts.at("sip.from") == "sip:alice@example.org");
  CHECK(call.facts.at("sip.to") == "sip:bob@example.org");
  CHECK(flow_to(flows, 30000).app == "rtp");
  CHECK(flow_to(flows, 30000).confidence == Confidence::sure);
  CHECK(flow_to(flows, 30000).parent == call.id);
  CHECK(flow_to(flows, 40001).app == "rtcp");
  CHECK(flow_to(flows, 40001).parent == call.id);
}

TEST_CASE("sip over TCP: the description may come in any pieces") {
  const std::string invite =
      with_body("INVITE sip:bob@example.org SIP/2.0", description("10.0.0.1", "40000"));
  for (size_t piece : {7, 100, 1000}) {
    Rig rig;
    Talk talk{rig, client, server, 50000, 5060};
    talk.open();
    for (size_t at = 0; at < invite.size(); at += piece) talk.say(std::string_view(invite).substr(at, piece));
    rig.ip(stranger, client, 17, udp(30000, 40000, media()));
    const auto& flows = rig.finish();
    CAPTURE(piece);
    CHECK(flow_to(flows, 40000).parent == flow_to(flows, 5060).id);
  }
}

TEST_CASE("rtsp: media over UDP as SETUP agreed") {
  Rig rig;
  Talk talk{rig, client, server, 50000, 554};
  talk.open();
  talk.say(
      "SETUP rtsp://u:hunter2@example.org/a/track1?key=1 RTSP/1.0\r\nCSeq: 3\r\n"
      "Transport: RTP/AVP;unicast;client_port=4588-4589\r\n\r\n");
  talk.hear(
      "RTSP/1.0 200 OK\r\nCSeq: 3\r\nTransport: RTP/AVP;unicast;client_port=4588-4589;"
      "server_port=6256-6257\r\n\r\n");
  rig.ip(server, client, 17, udp(6256, 4588, media()));
  rig.ip(client, server, 17, udp(4589, 6257, report()));
  const auto& flows = rig.finish();
  const Flow& control = flow_to(flows, 554);
  CHECK(control.facts.at("rtsp.url") == "rtsp://example.org/a/track1");
  CHECK(flow_to(flows, 4588).app == "rtp");
  CHECK(flow_to(flows, 4588).parent == control.id);
  CHECK(flow_to(flows, 6257).app == "rtcp");
  CHECK(flow_to(flows, 6257).parent == control.id);
}

namespace {

const Buffer nfs_call =
    hex("80000028 00000007 00000000 00000002 000186a3 00000003 00000000 00000000 00000000 00000000 00000000");

std::string as_string(const Buffer& b) {
  return {b.begin(), b.end()};
}

}  // namespace

TEST_CASE("rpc: the ports that a port mapper tells are NFS's") {
  Rig rig;
  rig.ip(client, server, 17,
         udp(700, 111,
             hex("00000001 00000000 00000002 000186a0 00000002 00000003 00000000 00000000 00000000 00000000"
                 "000186a3 00000003 00000006 00000000")));
  rig.ip(server, client, 17,
         udp(111, 700, hex("00000001 00000001 00000000 00000000 00000000 00000000 00000801")));
  Talk talk{rig, client, server, 800, 2049};
  talk.open();
  talk.say(as_string(nfs_call));
  const auto& flows = rig.finish();
  CHECK(flow_to(flows, 2049).app == "rpc/nfs");
  CHECK(flow_to(flows, 2049).parent == flow_to(flows, 111).id);
}

TEST_CASE("rpc: rpcbind's universal addresses over TCP") {
  Rig rig;
  Talk bind{rig, client, server, 700, 111};
  bind.open();
  bind.say(as_string(
      hex("80000044 00000002 00000000 00000002 000186a0 00000004 00000003 00000000 00000000 00000000"
          "00000000 000186a3 00000003 00000003 74637000 00000000 00000000")));
  bind.hear(as_string(hex(
      "80000028 00000002 00000001 00000000 00000000 00000000 00000000 0000000c 31302e30 2e302e32 2e382e32")));
  Talk talk{rig, client, server, 800, 2050};
  talk.open();
  const auto& flows = rig.finish();
  CHECK(flow_to(flows, 2050).parent == flow_to(flows, 111).id);
  CHECK(flow_to(flows, 2050).app == "rpc");
  CHECK(flow_to(flows, 2050).confidence == Confidence::guess);
}

}  // namespace vmoat::test
