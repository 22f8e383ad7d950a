// Names learned from DNS by a live pipeline: who is believed and who is not.
#include <doctest/doctest.h>

#include "engine/test_threats.h"
#include "session/learned_names.h"

namespace vmoat::test {

namespace {

constexpr uint16_t slot = 7;
const uint32_t guest = v4(5), resolver = v4(53);

Buffer label(const std::string& name) {
  return Buffer{static_cast<uint8_t>(name.size())} + text(name);
}
Buffer question_of(const std::string& name, uint16_t type) {
  Buffer b;
  for (size_t at = 0; at < name.size();) {
    const size_t dot = std::min(name.find('.', at), name.size());
    b = b + label(name.substr(at, dot - at));
    at = dot + 1;
  }
  return b + hex("00") + be16(type) + hex("0001");
}
Buffer query(uint16_t id, const std::string& name, uint16_t type = 1) {
  return be16(id) + hex("0100 0001 0000 0000 0000") + question_of(name, type);
}
Buffer answer(uint16_t id, const std::string& name, const Buffer& address, uint16_t type = 1) {
  return be16(id) + hex("8180 0001 0001 0000 0000") + question_of(name, type) + hex("c00c") + be16(type) +
         hex("0001 00000e10") + be16(static_cast<uint16_t>(address.size())) + address;
}
const Buffer web = hex("c0000201");

struct Resolving {
  explicit Resolving(bool with_facts = true) : facts(with_facts) {}

  bool facts;
  std::shared_ptr<LearnedNames> names = std::make_shared<LearnedNames>(SipHash(1, 2), 64, 16);
  Notebook notes;
  PipelineOptions options() const {
    PipelineOptions o = small_options();
    o.names = names;
    o.facts = facts;
    return o;
  }
  Pipeline pipeline{options(), notes, &notes};
  int64_t now_ns = start_ns;

  void udp(uint32_t from, uint32_t to, uint16_t sport, uint16_t dport, const Buffer& message, uint8_t way,
           uint16_t at = slot, const Mac& source = guest_mac, const Mac& target = host_mac) {
    now_ns += 1'000'000;
    Buffer packet = ipv4(17, test::udp(sport, dport, message));
    const Buffer ends = be32(from) + be32(to);
    std::copy(ends.begin(), ends.end(), packet.begin() + 12);
    const Buffer bytes =
        Buffer(target.begin(), target.end()) + Buffer(source.begin(), source.end()) + be16(0x0800) + packet;
    Frame f = {.bytes = bytes,
               .time_ns = now_ns,
               .length = static_cast<uint32_t>(bytes.size()),
               .segment = 3,
               .slot = at,
               .way = way};
    Packet p;
    decode(f, p);
    vmoat_flow_key key{};
    const bool sent = way == VMOAT_FROM_NIC;
    std::memcpy(key.near, (sent ? p.src : p.dst).bytes(), 16);
    std::memcpy(key.far, (sent ? p.dst : p.src).bytes(), 16);
    key.near_port = sent ? sport : dport;
    key.far_port = sent ? dport : sport;
    key.slot = at;
    key.proto = 17;
    key.family = 4;
    f.key = &key;
    pipeline.frame(f);
  }
  void ask(uint16_t id, const std::string& name, uint16_t type = 1, uint16_t port = 40000) {
    udp(guest, resolver, port, 53, query(id, name, type), VMOAT_FROM_NIC);
  }
  void tell(uint16_t id, const std::string& name, const Buffer& address = web, uint16_t type = 1,
            uint16_t port = 40000) {
    udp(resolver, guest, 53, port, answer(id, name, address, type), VMOAT_TO_NIC, slot, host_mac, guest_mac);
  }
  std::vector<std::string> known() {
    pipeline.report(now_ns);
    std::vector<std::string> all;
    for (const NameRecord& r : notes.name)
      if (r.gone == 0) all.emplace_back(reinterpret_cast<const char*>(r.name), r.name_length);
    return all;
  }
};

}  // namespace

TEST_CASE("names: a question and its answer teach") {
  Resolving r;
  r.ask(1, "WWW.example.org");
  CHECK(r.known().empty());
  r.tell(1, "www.Example.org");
  REQUIRE(r.known() == Names{"www.example.org"});
  const NameRecord& record = r.notes.name[0];
  CHECK(record.slot == slot);
  CHECK(record.segment == 3);
  CHECK(record.ttl_s == 3600);
  CHECK(record.address[12] == 192);
  CHECK(record.server[15] == 53);
  r.ask(2, "www.example.org", 28);
  r.tell(2, "www.example.org", hex("20010db8000000000000000000000001"), 28);
  CHECK(r.known().size() == 2);
}

TEST_CASE("names: many questions of one flow, answered in any order") {
  Resolving r;
  for (uint16_t i = 0; i < 8; i++) r.ask(i, "n" + std::to_string(i) + ".org");
  for (uint16_t i = 8; i-- > 0;) r.tell(i, "n" + std::to_string(i) + ".org");
  CHECK(r.known().size() == 8);
}

TEST_CASE("names: what nobody asked for teaches nothing") {
  Resolving r;
  r.ask(1, "www.example.org");
  r.tell(2, "www.example.org");
  r.tell(1, "bank.example.org");
  r.tell(1, "www.example.org", hex("20010db8000000000000000000000001"), 28);
  r.tell(1, "www.example.org", web, 1, 40001);
  CHECK(r.known().empty());
  CHECK(r.pipeline.counters().names_unasked == 4);
  r.tell(1, "www.example.org");
  CHECK(r.known().size() == 1);
  r.tell(1, "www.example.org", hex("c6336407"));  // the same answer comes once
  CHECK(r.known().size() == 1);
}

TEST_CASE("names: a guest cannot answer itself") {
  Resolving r;
  r.ask(1, "bank.example.org");
  r.udp(guest, resolver, 40000, 53, answer(1, "bank.example.org", web), VMOAT_FROM_NIC);
  CHECK(r.known().empty());
}

TEST_CASE("names: another guest that answers in the server's name is not believed") {
  Resolving r;
  r.ask(1, "bank.example.org");
  r.udp(resolver, guest, 53, 40000, answer(1, "bank.example.org", web), VMOAT_FROM_NIC, 9, other_mac,
        guest_mac);
  CHECK(r.known().empty());
}

TEST_CASE("names: a guest that is the server is believed") {
  Resolving r;
  r.udp(guest, resolver, 40000, 53, query(1, "www.example.org"), VMOAT_FROM_NIC, slot, guest_mac, other_mac);
  r.udp(resolver, guest, 53, 40000, answer(1, "www.example.org", web), VMOAT_FROM_NIC, 9, other_mac,
        guest_mac);
  REQUIRE(r.known().size() == 1);
  CHECK(r.notes.name[0].slot == slot);
}

TEST_CASE("names: what a stranger asks a guest is the stranger's affair") {
  Resolving r;
  r.udp(resolver, guest, 40000, 53, query(1, "www.example.org"), VMOAT_TO_NIC, slot, host_mac, guest_mac);
  r.udp(guest, resolver, 53, 40000, answer(1, "www.example.org", web), VMOAT_FROM_NIC);
  CHECK(r.known().empty());
}

TEST_CASE("names: addresses that nobody can own are not learned") {
  Resolving r;
  r.ask(1, "a.org");
  r.tell(1, "a.org", hex("7f000001"));
  r.ask(2, "b.org");
  r.tell(2, "b.org", hex("00000000"));
  CHECK(r.known().empty());
}

TEST_CASE("names: whoever comes anew is told all again") {
  Resolving r;
  r.ask(1, "www.example.org");
  r.tell(1, "www.example.org");
  CHECK(r.known().size() == 1);
  r.pipeline.report(r.now_ns);
  CHECK(r.notes.name.size() == 1);
  r.pipeline.retell();
  CHECK(r.known().size() == 2);
}

TEST_CASE("names: not without facts") {
  Resolving r(false);
  r.ask(1, "www.example.org");
  r.tell(1, "www.example.org");
  CHECK(r.known().empty());
  CHECK(r.names->known() == 0);
}

TEST_CASE("names: a flow that asks for hours goes on teaching") {
  Resolving r;
  for (int i = 0; i < 3000; i++) {
    const std::string name = "n" + std::to_string(i) + ".a-rather-long-name-of-a-host.example.org";
    r.ask(static_cast<uint16_t>(i), name);
    r.tell(static_cast<uint16_t>(i), name);
  }
  CHECK(r.names->known() == 16);
  CHECK(r.names->displaced() == 3000 - 16);
}

}  // namespace vmoat::test
