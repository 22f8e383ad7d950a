// Protection frame by frame: fragments, multicast, errors, openings and tunnels towards a guest in protect.
#include "engine/raw_guest.h"

namespace vmoat::test {
namespace {

constexpr uint16_t tunnel_port = 4789;
constexpr uint32_t opening_frames = 10, opening_bytes = 3000;

PolicyRule to_b(uint32_t number, std::vector<std::string> ports, Verdict action = Verdict::allow) {
  return {.number = number,
          .id = "r" + std::to_string(number),
          .from = 3,
          .to = 4,
          .ports = std::move(ports),
          .action = action};
}

/** The next datagram that comes, empty where none does. */
Buffer received(const Fd& socket, int wait_ms = 1000) {
  pollfd ready = {socket.get(), POLLIN, 0};
  if (::poll(&ready, 1, wait_ms) != 1) return {};
  Buffer bytes(65536);
  const ssize_t got = ::recv(socket.get(), bytes.data(), bytes.size(), 0);
  bytes.resize(got > 0 ? static_cast<size_t>(got) : 0);
  return bytes;
}

Buffer part(const Buffer& whole, size_t from, size_t to) {
  return {whole.begin() + static_cast<ptrdiff_t>(from), whole.begin() + static_cast<ptrdiff_t>(to)};
}

}  // namespace

TEST_CASE("protect: a datagram in fragments passes whole, whichever comes first, where its flow may") {
  if (!has_root()) return;
  GuardRig rig;
  protect(rig, [](PolicyTables&) {});
  const RawGuest a(rig.lab, rig.lab.a), b(rig.lab, rig.lab.b);
  const Fd open = guest_socket(rig.lab.b, SOCK_DGRAM, open_port),
           closed = guest_socket(rig.lab.b, SOCK_DGRAM, closed_port);
  uint16_t id = 0;
  for (const bool backwards : {false, true, false, true}) {
    for (const uint16_t port : {open_port, closed_port}) {
      const Buffer said(3000, static_cast<uint8_t>('a' + id % 26));
      const Buffer whole = udp(static_cast<uint16_t>(3000 + id), port, said);
      const auto send = [&](size_t from, size_t to) {
        const size_t more = to < whole.size() ? 0x2000 : 0;
        a.send(b.mac(), 2, 17, part(whole, from, to), static_cast<uint16_t>(from / 8 | more), id);
      };
      for (int i = 0; i < 3; i++) {
        const size_t n = static_cast<size_t>(backwards ? 2 - i : i);
        send(n * 1024, std::min(whole.size(), (n + 1) * 1024));
      }
      if (port == open_port) CHECK(received(open) == said);
      id++;
    }
  }
  CHECK(received(closed, 300).empty());
}

TEST_CASE(
    "protect: a guest that lets its fragments wait in vain has its share of memory, and all is counted") {
  if (!has_root()) return;
  DataplaneConfig config = small_tables();
  config.fragments.bytes_max = 65536;
  GuardRig rig(HookChoice::automatic, "automatic", config);
  protect(rig, [](PolicyTables&) {});
  const RawGuest a(rig.lab, rig.lab.a), b(rig.lab, rig.lab.b);
  for (uint16_t id = 1; id <= 100; id++) a.send(b.mac(), 2, 17, Buffer(1400, 'x'), 100, id);
  CHECK(wait_for([&] { return rig.sink.protection_of(rig.lab.b).refused[VMOAT_TO_NIC] == 100; }));
  const Fd open = guest_socket(rig.lab.b, SOCK_DGRAM, open_port);
  const Buffer said(800, 'y'), whole = udp(3000, open_port, said);
  a.send(b.mac(), 2, 17, part(whole, 400, 808), 400 / 8, 500);
  a.send(b.mac(), 2, 17, part(whole, 0, 400), 0x2000, 500);
  CHECK(received(open) == said);
}

TEST_CASE("protect: what waits for another frame goes on when its NIC leaves protect before that one comes") {
  if (!has_root()) return;
  each_guard([](GuardRig& rig) {
    protect(rig, [](PolicyTables&) {});
    const RawGuest a(rig.lab, rig.lab.a), b(rig.lab, rig.lab.b);
    const Fd open = guest_socket(rig.lab.b, SOCK_DGRAM, open_port);
    const Buffer said(800, 'y'), whole = udp(3000, open_port, said);
    const auto held = [&] { return rig.protection().frames[VMOAT_TO_NIC][VMOAT_HELD]; };
    const uint64_t before = held();
    a.send(b.mac(), 2, 17, part(whole, 400, 808), 400 / 8, 500);
    REQUIRE(wait_for([&] { return held() > before; }));
    rig.mode(Mode::learn);
    a.send(b.mac(), 2, 17, part(whole, 0, 400), 0x2000, 500);
    CHECK(received(open) == said);
  });
}

TEST_CASE("protect: multicast comes to a guest where a rule allows it") {
  if (!has_root()) return;
  constexpr uint16_t port = 5007;
  GuardRig rig;
  const Fd server = guest_socket(rig.lab.b, SOCK_DGRAM, port), client = guest_socket(rig.lab.a, SOCK_DGRAM);
  const ip_mreqn group = {.imr_multiaddr = socket_address("239.9.9.9", 0).sin_addr,
                          .imr_address = socket_address("10.9.0.2", 0).sin_addr,
                          .imr_ifindex = 0};
  const in_addr by = socket_address("10.9.0.1", 0).sin_addr;
  REQUIRE(::setsockopt(server.get(), IPPROTO_IP, IP_ADD_MEMBERSHIP, &group, sizeof group) == 0);
  REQUIRE(::setsockopt(client.get(), IPPROTO_IP, IP_MULTICAST_IF, &by, sizeof by) == 0);
  const sockaddr_in to = socket_address("239.9.9.9", port);
  const auto passes = [&] {
    (void)::sendto(client.get(), "x", 1, 0, reinterpret_cast<const sockaddr*>(&to), sizeof to);
    return !received(server, 300).empty();
  };
  const auto with = [&](std::optional<Verdict> action) {
    protect(rig, [&](PolicyTables& t) {
      t.groups.push_back({.name = "multicast"});
      if (action) t.rules.push_back({.number = 2, .id = "m", .from = 3, .to = 6, .action = *action});
    });
  };
  with(Verdict::allow);
  CHECK(wait_for(passes));
  with(std::nullopt);
  for (int i = 0; i < 3; i++) CHECK_FALSE(passes());
  with(Verdict::allow);
  CHECK(wait_for(passes));
  with(Verdict::deny);
  for (int i = 0; i < 3; i++) CHECK_FALSE(passes());
}

TEST_CASE("protect: an error about a flow that is allowed comes through, about another it does not") {
  if (!has_root()) return;
  GuardRig rig;
  protect(rig, [](PolicyTables&) {});
  const Fd server = guest_socket(rig.lab.b, SOCK_DGRAM, open_port);
  const RawGuest a(rig.lab, rig.lab.a), b(rig.lab, rig.lab.b);
  const auto error_of = [&] {
    int error = 0;
    socklen_t size = sizeof error;
    ::getsockopt(server.get(), SOL_SOCKET, SO_ERROR, &error, &size);
    return error;
  };
  a.send(b.mac(), 2, 17, udp(40'000, open_port, text("x")));
  REQUIRE_FALSE(received(server).empty());
  const sockaddr_in peer = socket_address(GuestLab::address(true), 40'000);
  REQUIRE(::connect(server.get(), reinterpret_cast<const sockaddr*>(&peer), sizeof peer) == 0);
  const auto said_of = [&](uint16_t from) {
    Buffer quote = ipv4(17, udp(from, 40'000, text("x")));
    const Buffer ends = {10, 9, 0, 2, 10, 9, 0, 1};
    std::copy(ends.begin(), ends.end(), quote.begin() + 12);
    Buffer error = hex("0303 0000 00000000") + with_header_sum(quote);
    InternetChecksum sum;
    sum.add(error);
    put_sum(error, 2, sum);
    return error;
  };
  const Fd other = guest_socket(rig.lab.b, SOCK_DGRAM, closed_port);
  REQUIRE(::connect(other.get(), reinterpret_cast<const sockaddr*>(&peer), sizeof peer) == 0);
  a.send(b.mac(), 2, 1, said_of(closed_port));
  a.send(b.mac(), 2, 1, said_of(open_port));
  CHECK(wait_for([&] { return error_of() == ECONNREFUSED; }));
  int error = 0;
  socklen_t size = sizeof error;
  ::getsockopt(other.get(), SOL_SOCKET, SO_ERROR, &error, &size);
  CHECK(error == 0);
}

/** One rule, by application, to guest b's web port. */
void let_web_open(PolicyTables& t) {
  PolicyRule web = to_b(2, {"tcp/" + std::to_string(web_port)});
  web.applications = {"http"};
  t.rules.push_back(web);
  t.groups[4].protection.opening_frames = opening_frames;
  t.groups[4].protection.opening_bytes = opening_bytes;
}

TEST_CASE("protect: who shakes hands under a rule by application needs no engine, but a living one") {
  if (!has_root()) return;
  GuardRig rig;
  protect(rig, [](PolicyTables& t) {
    let_web_open(t);
    t.groups[4].fails_closed = true;
  });
  const RawGuest a(rig.lab, rig.lab.a), b(rig.lab, rig.lab.b);
  const auto knock = [&](uint16_t from, const Buffer& data = {}) {
    a.send(b.mac(), 2, 6, tcp(from, web_port, 100, 0, 2, data));
  };
  const auto count = [&](vmoat_guarded what) {
    REQUIRE(rig.sink.reports(2));
    return rig.sink.protection_of(rig.lab.b).frames[VMOAT_TO_NIC][what];
  };
  knock(41'000);
  CHECK(wait_for([&] { return !b.heard(web_port).empty(); }));
  const uint64_t held = count(VMOAT_HELD), shaken = count(VMOAT_HANDSHAKE);
  for (int i = 0; i < 5; i++) knock(41'001);
  CHECK(count(VMOAT_HANDSHAKE) == shaken + VMOAT_HANDSHAKE_FRAMES);
  CHECK(count(VMOAT_HELD) >= held + 5 - VMOAT_HANDSHAKE_FRAMES);
  knock(41'002, text("x"));
  CHECK(count(VMOAT_HANDSHAKE) == shaken + VMOAT_HANDSHAKE_FRAMES);
  rig.end();
  ::usleep(300'000);  // the heartbeat is over
  (void)b.heard(web_port);
  knock(41'003);
  ::usleep(100'000);
  CHECK(b.heard(web_port).empty());
  rig.begin();
}

TEST_CASE("protect: SYNs with data pass as far as an opening goes, and once where they say something else") {
  if (!has_root()) return;
  GuardRig rig;
  protect(rig, let_web_open);
  const RawGuest a(rig.lab, rig.lab.a), b(rig.lab, rig.lab.b);
  // a reset would begin a new connection, with an opening of its own
  REQUIRE(run("ip netns exec " + rig.lab.b + " ip route add blackhole 10.9.0.1/32"));
  (void)b.heard(web_port);
  for (int i = 0; i < 50; i++) {
    const Buffer data(static_cast<size_t>(i % 2 == 0 ? 500 : 10), 'a');
    a.send(b.mac(), 2, 6, tcp(41'000, web_port, 100, 0, 2, data));
  }
  const auto spent = [&] { return rig.sink.protection_of(rig.lab.b).opening[VMOAT_TO_NIC]; };
  CHECK(wait_for([&] { return spent() >= 50 - opening_frames; }));
  const std::vector<size_t> passed = b.heard(web_port);
  size_t bytes = 0;
  for (const size_t length : passed) bytes += length;
  CHECK(passed.size() > 0);
  CHECK(passed.size() + spent() == 50);
  CHECK(passed.size() <= opening_frames);
  CHECK(bytes <= opening_bytes);
  a.send(b.mac(), 2, 6, tcp(41'001, web_port, 100, 0, 2, text("one thing")));
  CHECK(wait_for([&] { return b.heard(web_port).size() == 1; }));
  const auto denied = [&] { return rig.sink.protection_of(rig.lab.b).frames[VMOAT_TO_NIC][VMOAT_DENIED]; };
  const uint64_t before = denied();
  a.send(b.mac(), 2, 6, tcp(41'001, web_port, 100, 0, 2, text("the other")));
  CHECK(wait_for([&] { return denied() > before; }));
  for (int i = 0; i < 5; i++) a.send(b.mac(), 2, 6, tcp(41'000, web_port + 1, 100, 0, 2, text("x")));
  CHECK(wait_for([&] { return rig.sink.enforced_of(IPPROTO_TCP, web_port + 1) == Enforced::reset; }));
  CHECK(b.heard(web_port + 1).empty());
}

TEST_CASE("protect: a tunnel that is allowed carries nothing that a rule denies") {
  if (!has_root()) return;
  GuardRig rig;
  protect(rig, [](PolicyTables& t) {
    t.rules.insert(
        t.rules.begin(),
        {.number = 2, .id = "no names", .from = 0, .to = 0, .ports = {"udp/53"}, .action = Verdict::deny});
    t.rules.push_back(to_b(3, {"udp/" + std::to_string(tunnel_port)}));
  });
  const RawGuest a(rig.lab, rig.lab.a), b(rig.lab, rig.lab.b);
  const Fd server = guest_socket(rig.lab.b, SOCK_DGRAM, tunnel_port);
  const auto carry = [&](uint16_t port) {
    const Buffer inner = ethernet(0x0800, ipv4(17, udp(700, port, text("x"))));
    const Buffer said = hex("08000000 00002a00") + inner;
    a.send(b.mac(), 2, 17, udp(42'000, tunnel_port, said));
    return said;
  };
  for (int i = 0; i < 3; i++) {
    const Buffer allowed = carry(80);
    (void)carry(53);
    CHECK(received(server) == allowed);
  }
  CHECK(received(server, 300).empty());
}

TEST_CASE("protect: records say what was dropped and what was reset") {
  if (!has_root()) return;
  GuardRig rig;
  const Fd open = listener(rig.lab, open_port);
  rig.mode(Mode::protect);
  CHECK_FALSE(datagram_passes(rig, closed_port));
  CHECK(connect_to(rig.lab, open_port) == 0);
  CHECK(wait_for([&] { return rig.sink.enforced_of(IPPROTO_TCP, closed_port) == Enforced::reset; }));
  CHECK(wait_for([&] { return rig.sink.enforced_of(IPPROTO_UDP, closed_port) == Enforced::dropped; }));
  CHECK(rig.sink.enforced_of(IPPROTO_TCP, open_port) == Enforced::passed);
}

}  // namespace vmoat::test
