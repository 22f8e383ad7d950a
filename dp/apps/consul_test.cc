#include <doctest/doctest.h>

#include "apps/sample.h"

namespace vmoat {
namespace {

/** MessagePack text of at most 31 bytes. */
std::string text(const std::string& value) {
  return static_cast<char>(0xa0 | value.size()) + value;
}
std::string call(const std::string& method) {
  return "\x82" + text("ServiceMethod") + text(method) + text("Seq") + raw("\x01") + "\x82" +
         text("Datacenter") + text("dc1") + text("Token") + text("");
}
const std::string tags =
    raw("\xff\x83") + text("role") + text("consul") + text("dc") + text("dc1") + text("vsn") + text("2");
const std::string alive = raw("\x04\x83") + text("Incarnation") + raw("\x01") + text("Meta") + "\xda" +
                          be16(tags.size()) + tags + text("Node") + text("server-1");

}  // namespace

extern const std::vector<Sample> consul_samples;
const std::vector<Sample> consul_samples = {
    {.name = "alive", .client = alive, .transport = over_udp, .server_port = 8301, .symmetric = true},
    {.name = "compound with a checksum",
     .client = hex("0c 12345678 07 01") + be16(alive.size()) + alive,
     .transport = over_udp,
     .server_port = 8302,
     .symmetric = true},
    {.name = "rpc over yamux",
     .client = hex("04 00 01 0001 00000001 00000000") + call("Catalog.ListNodes"),
     .server_port = 8300},
    {.name = "plain rpc", .client = hex("00") + call("KVS.Get"), .server_port = 8300},
};

TEST_CASE("consul: gossip without its name and other programs' calls are a guess") {
  const Sample probe{.name = "ping",
                     .client = raw("\0\x82") + text("SeqNo") + raw("\x07") + text("Node") + text("a"),
                     .transport = over_udp};
  CHECK(ask("consul", probe).claim == Claim::guess);
  Opening nomad = opening_of({.client = "", .server_port = 4647});
  const std::string bytes =
      hex("04 00 01 0001 00000001 00000000") + call("Node.Register") + std::string(64, 'x');
  nomad.client = as_bytes(bytes);
  nomad.cut = true;
  CHECK(ask(application("consul"), nomad).claim == Claim::guess);
}

TEST_CASE("consul: is not claimed for other maps") {
  check_refused("consul", {.name = "other keys",
                           .client = raw("\x04\x81") + text("temperature") + raw("\x15"),
                           .transport = over_udp});
  check_refused("consul",
                {.name = "lengths", .client = hex("07 02 0004 0004 01020304"), .transport = over_udp});
  check_refused("consul", {.name = "socks", .client = hex("04 01 0050 0a000001 00"), .server = hex("00 5a")});
}

}  // namespace vmoat
