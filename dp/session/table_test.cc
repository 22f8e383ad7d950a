// The session table, paths, listeners and learned addresses.
#include "session/table.h"

#include <doctest/doctest.h>

#include <utility>

#include "session/addresses.h"
#include "session/listeners.h"
#include "session/paths.h"
#include "session/test_packets.h"

namespace vmoat::test {

namespace {
const SipHash hash(1, 2);
constexpr int64_t start_ns = 1'700'000'000 * ns_per_s;

KeyedPacket key(uint16_t port, uint32_t scope = 1) {
  return key_of(address(1), address(2), port, 80, IPPROTO_TCP, 4, scope, hash);
}
uint32_t make(SessionTable& table, uint16_t port, State state) {
  const uint32_t n = table.make(key(port), start_ns);
  if (n == 0) return 0;
  table[n].id = n;
  table[n].state = state;
  table.schedule(n);
  return n;
}
/** Erases what ends until so long after the start, and adds it to `ended`. */
void end_silent(SessionTable& table, int64_t seconds, std::vector<uint32_t>& ended) {
  table.advance(start_ns + seconds * ns_per_s, [&](uint32_t n) {
    ended.push_back(n);
    table.erase(n);
  });
}
}  // namespace

TEST_CASE("both directions have one key, different scopes have two") {
  const KeyedPacket there = key_of(address(1), address(2), 40000, 80, 6, 4, 1, hash);
  const KeyedPacket back = key_of(address(2), address(1), 80, 40000, 6, 4, 1, hash);
  CHECK(there.key == back.key);
  CHECK(there.hash == back.hash);
  CHECK(there.sender != back.sender);
  CHECK_FALSE(key(1, 1).key == key(1, 2).key);
  CHECK_FALSE(key_of(address(1), address(2), 1, 2, 6, 4, 1, hash).key ==
              key_of(address(1), address(2), 1, 2, 6, 6, 1, hash).key);
}

TEST_CASE("ICMP's id and type stay in their places") {
  const KeyedPacket there = key_of(address(1), address(2), 7, 0x800, IPPROTO_ICMP, 4, 1, hash);
  const KeyedPacket back = key_of(address(2), address(1), 7, 0x800, IPPROTO_ICMP, 4, 1, hash);
  CHECK(there.key == back.key);
}

TEST_CASE("one address speaking to itself is told apart by its ports") {
  const KeyedPacket there = key_of(address(1), address(1), 40000, 80, 6, 4, 1, hash);
  const KeyedPacket back = key_of(address(1), address(1), 80, 40000, 6, 4, 1, hash);
  CHECK(there.key == back.key);
  CHECK(there.sender != back.sender);
}

TEST_CASE("sessions are found until they are erased") {
  SessionTable table(100, {});
  const uint32_t n = make(table, 1, State::established);
  CHECK(table.find(key(1)) == n);
  CHECK(table.find(key(2)) == 0);
  table.erase(n);
  CHECK(table.find(key(1)) == 0);
  CHECK(table.open() == 0);
}

TEST_CASE("half-open sessions go first, the oldest before the younger") {
  SessionTable table(4, {});
  const uint32_t live = make(table, 1, State::established);
  const uint32_t lonely = make(table, 2, State::unanswered);
  const uint32_t old = make(table, 3, State::half_open), young = make(table, 4, State::half_open);
  CHECK(make(table, 5, State::half_open) == 0);
  for (uint32_t expected : {old, young, lonely, live}) {
    CHECK(table.victim() == expected);
    table.erase(expected);
  }
  CHECK(table.victim() == 0);
}

TEST_CASE("silence ends sessions by their state, packets put it off") {
  SessionTable table(10, {});
  const uint32_t half = make(table, 1, State::half_open), whole = make(table, 2, State::established);
  const uint32_t lonely = make(table, 3, State::unanswered);
  std::vector<uint32_t> ended;
  const auto advance = [&](int64_t seconds) { end_silent(table, seconds, ended); };
  advance(20);
  table[lonely].last_ns = start_ns + 20 * ns_per_s;
  advance(32);
  CHECK(ended == std::vector<uint32_t>{half});
  advance(52);
  CHECK(ended == std::vector<uint32_t>{half, lonely});
  advance(3700);
  CHECK(ended == std::vector<uint32_t>{half, lonely, whole});
}

TEST_CASE("what was picked up is taken for over unless both ends have spoken") {
  SessionTable table(10, {});
  const uint32_t late = make(table, 1, State::established), running = make(table, 2, State::established);
  for (const uint32_t n : {late, running}) {
    table[n].set(was_picked_up);
    table[n].packets[0] = 1;
  }
  table[running].packets[1] = 1;
  std::vector<uint32_t> ended;
  const auto advance = [&](int64_t seconds) { end_silent(table, seconds, ended); };
  advance(29);
  CHECK(ended.empty());
  advance(32);
  CHECK(ended == std::vector<uint32_t>{late});
  advance(3500);
  CHECK(ended == std::vector<uint32_t>{late});
}

TEST_CASE("paths are numbers as long as somebody holds them") {
  Paths paths(4, hash);
  Path a, b, gtp, gtp_back;
  a.segment = 1;
  b.segment = 2;
  gtp.tunnel[0] = {.id = 1, .kind = TunnelKind::gtp};
  gtp_back.tunnel[0] = {.id = 2, .kind = TunnelKind::gtp};
  const PathNumbers first = paths.find(a);
  paths.hold(first.path);
  CHECK(first.scope == first.path);
  CHECK(paths.find(b).path != first.path);
  CHECK(paths.find(a).path == first.path);
  CHECK(paths.at(first.path).segment == 1);
  const PathNumbers there = paths.find(gtp);
  paths.hold(there.path);
  const PathNumbers back = paths.find(gtp_back);
  CHECK(there.path != back.path);
  CHECK(there.scope == back.scope);
}

TEST_CASE("a full table of paths says so and recovers") {
  Paths paths(2, hash);
  Path p;
  p.segment = 1;
  const uint32_t one = paths.find(p).path;
  paths.hold(one);
  p.segment = 2;
  paths.hold(paths.find(p).path);
  p.segment = 3;
  CHECK(paths.find(p).path == 0);
  p.segment = 2;
  CHECK(paths.find(p).path != 0);
  paths.release(one);
  p.segment = 3;
  CHECK(paths.find(p).path != 0);
}

TEST_CASE("MPLS labels are recorded, but one flow may bear them one way only") {
  Paths paths(8, hash);
  Path plain, labelled, inner, inner_labelled;
  labelled.tunnel[0] = {.id = 16, .kind = TunnelKind::mpls};
  inner.tunnel[0] = inner_labelled.tunnel[1] = {.id = 5, .kind = TunnelKind::vxlan};
  inner_labelled.tunnel[0] = labelled.tunnel[0];
  const uint32_t scope = paths.find(plain).scope;
  paths.hold(scope);
  CHECK(paths.find(labelled).scope == scope);
  const uint32_t inner_scope = paths.find(inner).scope;
  paths.hold(inner_scope);
  CHECK(paths.find(inner_labelled).scope == inner_scope);
}

TEST_CASE("listeners are remembered") {
  Listeners listeners(hash);
  Session s{};
  s.key = key(40000).key;
  CHECK_FALSE(listeners.has(s, 1));
  listeners.add(s, 1);
  CHECK(listeners.has(s, 1));
  CHECK_FALSE(listeners.has(s, 0));
}

namespace {
Lesson lesson(uint8_t last, uint8_t mac, AddressSource source) {
  return {.address = address(last), .mac = {2, 0, 0, 0, 0, mac}, .segment = 1, .slot = 3, .source = source};
}
}  // namespace

TEST_CASE("an address is told when it is new, changes, lasts or goes") {
  Addresses addresses(10, hash);
  const auto news = [&](int64_t seconds) {
    auto taken = addresses.take_news(start_ns + seconds * ns_per_s);
    addresses.take_news(start_ns + seconds * ns_per_s).clear();
    return taken;
  };
  const auto learn = [&](Lesson l, int64_t seconds) {
    CHECK(addresses.learn(l, start_ns + seconds * ns_per_s) != Learned::refused);
  };
  learn(lesson(1, 1, AddressSource::traffic), 0);
  CHECK(news(0).size() == 1);
  learn(lesson(1, 1, AddressSource::traffic), 1);
  CHECK(news(1).empty());
  learn(lesson(1, 1, AddressSource::dhcp), 2);
  CHECK(news(2).at(0).source == AddressSource::dhcp);
  learn(lesson(1, 9, AddressSource::traffic), 3);
  CHECK(news(3).empty());  // a lease outweighs what traffic claims
  learn(lesson(1, 1, AddressSource::traffic), 70);
  CHECK(news(70).size() == 1);
  CHECK(news(4000).at(0).gone == 1);
}

TEST_CASE("what a NIC says of itself stays its own where other taps see it on its way") {
  Addresses addresses(10, hash);
  const auto told = [&](const Lesson& l, int64_t seconds) {
    addresses.learn(l, start_ns + seconds * ns_per_s);
    return std::exchange(addresses.take_news(start_ns + seconds * ns_per_s), {});
  };
  const auto elsewhere = [](uint8_t mac, AddressSource source) {
    Lesson l = lesson(1, mac, source);
    l.slot = no_slot;
    return l;
  };
  CHECK(told(lesson(1, 1, AddressSource::arp), 0).size() == 1);
  CHECK(told(elsewhere(1, AddressSource::arp), 0).empty());
  addresses.retell();
  CHECK(told(elsewhere(1, AddressSource::arp), 1).at(0).slot == 3);
  CHECK(told(elsewhere(1, AddressSource::dhcp), 2).at(0).slot == 3);  // its lease, told by the server
  CHECK(told(elsewhere(1, AddressSource::dhcp), 59).empty());
  CHECK(told(elsewhere(1, AddressSource::dhcp), 61).at(0).slot == no_slot);  // it has moved away
  CHECK(told(lesson(1, 1, AddressSource::dhcp), 62).at(0).slot == 3);
  CHECK(told(elsewhere(9, AddressSource::dhcp), 63).at(0).slot ==
        no_slot);  // who has another MAC is another one
}

TEST_CASE("nobody owns multicast, loopback or nothing") {
  Addresses addresses(10, hash);
  const auto silent = [&](Address a, Mac mac) {
    addresses.learn({.address = a, .mac = mac, .segment = 1}, start_ns);
    return addresses.take_news(start_ns).empty();
  };
  const uint8_t multicast[4] = {224, 0, 0, 1}, loopback[4] = {127, 0, 0, 1}, zero[4] = {0, 0, 0, 0};
  CHECK(silent(Address::v4(multicast), {2, 0, 0, 0, 0, 1}));
  CHECK(silent(Address::v4(loopback), {2, 0, 0, 0, 0, 1}));
  CHECK(silent(Address::v4(zero), {2, 0, 0, 0, 0, 1}));
  CHECK(silent(Address{}, {2, 0, 0, 0, 0, 1}));
  CHECK(silent(address(1), {0xff, 0xff, 0xff, 0xff, 0xff, 0xff}));
  CHECK_FALSE(silent(address(1), {2, 0, 0, 0, 0, 1}));
}

TEST_CASE("a full table refuses") {
  Addresses addresses(2, hash);
  CHECK(addresses.learn(lesson(1, 1, AddressSource::arp), start_ns) == Learned::news);
  CHECK(addresses.learn(lesson(1, 1, AddressSource::arp), start_ns) == Learned::known);
  CHECK(addresses.learn(lesson(2, 1, AddressSource::arp), start_ns) == Learned::news);
  CHECK(addresses.learn(lesson(3, 1, AddressSource::arp), start_ns) == Learned::refused);
}

}  // namespace vmoat::test
