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

namespace {

Noted hear(const Sample& sample) {
  Noted noted;
  application("dns").message(opening_of(sample), noted);
  return noted;
}
Sample udp(const std::string& client, const std::string& server) {
  return {.client = client, .server = server, .transport = over_udp, .server_port = 53};
}
/** An alias of the name at `from` in the message; its target stands 12 bytes behind the record's beginning.
 */
std::string alias(const std::string& owner, const std::string& target) {
  return owner + hex("0005 0001 00000e10") + be16(target.size()) + target;
}
std::string address(const std::string& owner, const std::string& ttl, const std::string& last) {
  return owner + hex("0001 0001") + hex(ttl) + hex("0004 c00002") + hex(last);
}

}  // namespace

TEST_CASE("dns: a query says who is asked for, in lower case") {
  std::string shouted = query;
  shouted[shouted.find("www")] = 'W';
  const Noted noted = hear(udp(shouted, ""));
  REQUIRE(noted.questions.size() == 1);
  CHECK(noted.questions[0].id == 0xbeef);
  CHECK(noted.questions[0].type == 1);
  CHECK(noted.questions[0].name == "www.example.org");
}

TEST_CASE("dns: the asked name has the addresses at the end of its aliases, the least TTL on the way") {
  const Noted noted = hear(udp("", answer));
  REQUIRE(noted.answers.size() == 1);
  CHECK(noted.answers[0].name == "www.example.org");
  REQUIRE(noted.answers[0].addresses.size() == 1);
  CHECK(noted.answers[0].addresses[0].first == hex("c0000201"));
  CHECK(noted.answers[0].addresses[0].second == 60);
  const Noted v6 = hear(udp("", answer_6));
  CHECK(v6.answers.at(0).addresses.at(0).first.size() == 16);
}

TEST_CASE("dns: aliases may stand behind what they lead to") {
  const std::string a = hex("01 61 00"), b = hex("01 62 00"), www = hex("c00c");
  const std::string records = address(b, "00000e10", "07") + alias(a, b) + alias(www, a);
  const Noted noted = hear(udp("", header("8180", "0001 0003 0000 0000") + question(hex("0001")) + records));
  REQUIRE(noted.answers.size() == 1);
  REQUIRE(noted.answers[0].addresses.size() == 1);
  CHECK(noted.answers[0].addresses[0].first == hex("c0000207"));
}

TEST_CASE("dns: what an answer says of other names is not believed") {
  const std::string other = hex("04") + "bank" + hex("00");
  const std::string records = address(other, "00000e10", "01");
  const Noted noted = hear(udp("", header("8180", "0001 0001 0000 0000") + question(hex("0001")) + records));
  REQUIRE(noted.answers.size() == 1);
  CHECK(noted.answers[0].addresses.empty());
}

TEST_CASE("dns: an alias that leads back, and more addresses than are told") {
  const std::string www = hex("c00c"), a = hex("01 61 00");
  const Noted loop = hear(
      udp("", header("8180", "0001 0002 0000 0000") + question(hex("0001")) + alias(www, a) + alias(a, www)));
  REQUIRE(loop.answers.size() == 1);
  CHECK(loop.answers[0].addresses.empty());
  std::string many;
  for (int i = 0; i < 40; i++) many += address(www, "0000003c", "01");
  const Noted crowd = hear(udp("", header("8180", "0001 0028 0000 0000") + question(hex("0001")) + many));
  CHECK(crowd.answers.at(0).addresses.size() == 16);
}

TEST_CASE("dns: nothing is learned of the wrong side, other types, other questions and odd names") {
  CHECK(hear(udp(answer, "")).answers.empty());
  CHECK(hear(udp("", query)).questions.empty());
  CHECK(hear(udp(header("0100", "0001 0000 0000 0000") + question(hex("000f")), "")).questions.empty());
  const std::string two =
      header("0100", "0002 0000 0000 0000") + question(hex("0001")) + question(hex("0001"));
  CHECK(hear(udp(two, "")).questions.empty());
  const std::string dotted = header("0100", "0001 0000 0000 0000") + hex("03") + "a.b" + hex("00 0001 0001");
  CHECK(hear(udp(dotted, "")).questions.empty());
  const std::string refused =
      header("8185", "0001 0001 0000 0000") + question(hex("0001")) + address(hex("c00c"), "0000003c", "01");
  CHECK(hear(udp("", refused)).answers.at(0).addresses.empty());
}

TEST_CASE("dns: messages of a stream are read however it was cut") {
  const std::string said = stream(answer) + stream(answer_6);
  Noted noted;
  for (char c : said) {
    const std::string piece(1, c), kept = noted.kept;
    Opening o;
    o.server = as_bytes(piece);
    o.server_kept = as_bytes(kept);
    o.server_port = 53;
    application("dns").message(o, noted);
  }
  REQUIRE(noted.answers.size() == 2);
  CHECK(noted.answers[1].addresses.size() == 1);
  CHECK(noted.kept.empty());
  CHECK(hear({.server = said, .server_port = 53}).answers.size() == 2);
}

}  // namespace vmoat
