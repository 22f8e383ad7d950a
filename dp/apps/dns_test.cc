#include <doctest/doctest.h>

#include "apps/sample.h"

namespace vmoat {
namespace {

std::string question(const std::string& type) {
  return hex("03") + "www" + hex("07") + "example" + hex("03") + "org" + hex("00") + type + hex("0001");
}
std::string header(const std::string& flags, const std::string& counts) {
  return hex("beef") + hex(flags) + hex(counts);
}
const std::string query =
    header("0100", "0001 0000 0000 0001") + question(hex("0001")) + hex("00 0029 1000 00000000 0000");
const std::string answer = header("8180", "0001 0002 0000 0000") + question(hex("0001")) +
                           hex("c00c 0005 0001 00000e10 0006 03 637564 c010") +
                           hex("c02d 0001 0001 0000003c 0004 c0000201");
const std::string answer_6 = header("8180", "0001 0001 0000 0000") + question(hex("001c")) +
                             hex("c00c 001c 0001 0000003c 0010 20010db8000000000000000000000001");
const std::string multicast = hex("0000 8400 0000 0001 0000 0000") + hex("04") + "host" + hex("05") +
                              "local" + hex("00 0001 8001 00000078 0004 0a000005");
std::string stream(const std::string& message) {
  return be16(message.size()) + message;
}

}  // namespace

extern const std::vector<Sample> dns_samples;
const std::vector<Sample> dns_samples = {
    {.name = "query", .client = query, .transport = over_udp, .server_port = 53},
    {.name = "answer", .server = answer, .transport = over_udp, .server_port = 53, .server_alone = true},
    {.name = "answer with an IPv6 address",
     .server = answer_6,
     .transport = over_udp,
     .server_port = 5300,
     .server_alone = true},
    {.name = "refusal",
     .server = header("8185", "0001 0000 0000 0000") + question(hex("0001")),
     .transport = over_udp,
     .server_port = 53,
     .server_alone = true},
    {.name = "notify",
     .client = header("2400", "0001 0000 0000 0000") + question(hex("0006")),
     .transport = over_udp,
     .server_port = 53},
    {.name = "inverse query",
     .client = header("0900", "0000 0001 0000 0000") + hex("00 0001 0001 00000000 0004 c0000201"),
     .transport = over_udp,
     .server_port = 53},
    {.name = "multicast",
     .server = multicast,
     .transport = over_udp,
     .server_port = 5353,
     .server_alone = true},
    {.name = "tcp",
     .client = stream(query),
     .server = stream(answer),
     .server_port = 53,
     .server_alone = true},
    {.name = "two queries in one stream",
     .client = stream(query) + stream(query),
     .server = stream(answer),
     .server_port = 8053,
     .server_alone = true},
};

TEST_CASE("dns: name, type and addresses") {
  const Answer got = ask("dns", dns_samples[1]);
  CHECK(got.noted.facts.at(Fact::dns_query) == "www.example.org");
  CHECK(got.noted.facts.at(Fact::dns_type) == "A");
  CHECK(got.noted.facts.at(Fact::dns_rcode) == "NOERROR");
  CHECK(got.noted.facts.at(Fact::dns_answer) == "cud.example.org,192.0.2.1");
  CHECK(ask("dns", dns_samples[2]).noted.facts.at(Fact::dns_answer) == "2001:db8::1");
}

TEST_CASE("dns: later messages of a flow are read, too") {
  Noted noted;
  application("dns").message(opening_of(dns_samples[1]), noted);
  CHECK(noted.facts.at(Fact::dns_answer) == "cud.example.org,192.0.2.1");
}

TEST_CASE("dns: an overlong tail is a guess at most") {
  Sample sample = dns_samples[0];
  sample.client += "tail";
  CHECK(ask("dns", sample).claim == Claim::guess);
}

TEST_CASE("dns: is not claimed for loops, broken names and neighbours") {
  const auto udp = [](const char* name, const std::string& bytes) {
    check_refused("dns", {.name = name, .client = bytes, .transport = over_udp, .server_port = 53});
  };
  udp("pointer to itself", header("0100", "0001 0000 0000 0000") + hex("c00c 0001 0001"));
  udp("pointer forward", header("0100", "0001 0000 0000 0000") + hex("c010 0001 0001 00"));
  udp("label too long",
      header("0100", "0001 0000 0000 0000") + hex("50") + std::string(80, 'a') + hex("00 0001 0001"));
  udp("class that is none", header("0100", "0001 0000 0000 0000") + hex("01 61 00 0001 1234"));
  udp("nothing in it", header("0000", "0000 0000 0000 0000"));
  udp("netbios", header("0110", "0001 0000 0000 0000") + hex("20") + "CKAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" +
                     hex("00 0021 0001"));
  udp("zeros", std::string(48, '\0'));
  check_refused("dns",
                {.name = "stream of another length", .client = hex("0004 beef 0100 0001 0000 0000 0000")});
}

}  // namespace vmoat
