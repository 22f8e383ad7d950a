#include <doctest/doctest.h>

#include "apps/sample.h"

namespace vmoat {
namespace {

std::string initial(const std::string& first, const std::string& version) {
  return hex(first) + hex(version) + hex("08 0102030405060708 00 00 4496") + std::string(1174, 'x');
}

}  // namespace

extern const std::vector<Sample> quic_samples;
const std::vector<Sample> quic_samples = {
    {.name = "version 1",
     .client = initial("c3", "00000001"),
     .transport = over_udp,
     .server_port = 443,
     .symmetric = true},
    {.name = "version 2",
     .client = initial("d3", "6b3343cf"),
     .transport = over_udp,
     .server_port = 4433,
     .symmetric = true},
    {.name = "negotiation",
     .server = hex("80 00000000 00 08 0102030405060708 00000001 6b3343cf"),
     .transport = over_udp,
     .server_port = 443,
     .server_alone = true,
     .symmetric = true},
    {.name = "google",
     .client = hex("0d 0102030405060708") + "Q043" + std::string(1000, 'x'),
     .transport = over_udp,
     .server_port = 443,
     .symmetric = true},
};

TEST_CASE("quic: version") {
  CHECK(ask("quic", quic_samples[0]).noted.facts.at(Fact::quic_version) == "1");
  CHECK(ask("quic", quic_samples[1]).noted.facts.at(Fact::quic_version) == "2");
  CHECK(ask("quic", quic_samples[3]).noted.facts.at(Fact::quic_version) == "Q043");
}

TEST_CASE("quic: is not claimed for lengths that do not fit and unknown versions") {
  const auto udp = [](const char* name, const std::string& bytes) {
    Sample sample{.name = name, .client = bytes, .transport = over_udp, .server_port = 443};
    CHECK(ask("quic", sample).claim == Claim::no);
  };
  udp("length past the end", initial("c3", "00000001").substr(0, 900));
  udp("version", initial("c3", "12345678"));
  udp("id of 21 bytes", hex("c3 00000001 15") + std::string(1200, 'x'));
  udp("rtp", hex("80 00 0001 00000000 01020304") + std::string(160, 'x'));
}

}  // namespace vmoat
