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

}  // namespace vmoat::test
