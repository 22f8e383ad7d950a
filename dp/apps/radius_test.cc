#include <doctest/doctest.h>

#include "apps/sample.h"

namespace vmoat {
namespace {

std::string packet(char code, const std::string& attributes) {
  return std::string{code} + "\x2a" + be16(20 + attributes.size()) + "0123456789abcdef" + attributes;
}

}  // namespace

extern const std::vector<Sample> radius_samples;
const std::vector<Sample> radius_samples = {
    {.name = "request",
     .client = packet(1, hex("0107") + "alice" + hex("0406 0a000001")),
     .transport = over_udp,
     .server_port = 1812},
    {.name = "accept",
     .server = packet(2, hex("0606 00000002 0706 00000001")),
     .transport = over_udp,
     .server_port = 1812,
     .server_alone = true},
    {.name = "accounting",
     .client = packet(4, hex("2806 00000001 0106") + "root"),
     .transport = over_udp,
     .server_port = 1813},
    {.name = "change of authorization",
     .client = packet(43, hex("0107") + "alice" + hex("0406 0a000001")),
     .server = "",
     .transport = over_udp,
     .server_port = 3799},
    {.name = "refused change",
     .server = packet(45, hex("6506 00000192 5012") + std::string(16, 's')),
     .transport = over_udp,
     .server_port = 3799,
     .server_alone = true},
};

TEST_CASE("radius: a packet that the capture cut") {
  const std::string whole =
      packet(1, hex("0107") + "alice" + hex("0406 0a000001") + hex("1a0c 00000009 0106") + "abcd");
  const Sample sample{
      .client = whole.substr(0, whole.size() - 3), .transport = over_udp, .server_port = 1812};
  Opening opening = opening_of(sample);
  CHECK(ask(application("radius"), opening).claim == Claim::no);
  opening.cut = true;
  CHECK(ask(application("radius"), opening).claim == Claim::sure);
}

TEST_CASE("radius: user") {
  CHECK(ask("radius", radius_samples[0]).noted.facts.at(Fact::radius_user) == "alice");
}

TEST_CASE("radius: is not claimed where lengths, attributes or their forms do not fit") {
  const auto udp = [](const char* name, const std::string& bytes) {
    check_refused("radius", {.name = name, .client = bytes, .transport = over_udp, .server_port = 1812});
  };
  udp("longer than the packet", packet(1, hex("0107") + "alice") + "x");
  udp("attribute past the end", packet(1, hex("01ff") + "alice"));
  udp("number of three bytes", packet(1, hex("0107") + "alice" + hex("0405 0a0000")));
  udp("no attributes", packet(2, ""));
  udp("unknown code", packet(99, hex("0107") + "alice" + hex("0406 0a000001")));
}

}  // namespace vmoat
