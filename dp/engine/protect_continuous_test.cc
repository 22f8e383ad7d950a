// Continuous rules end to end: a flow that is read frame by frame comes through whole, and is cut when its
// client begins to say something else.
#include "capture/tap_kernel.h"
#include "engine/hung_worker.h"
#include "engine/protect_rig.h"

namespace vmoat::test {
namespace {

constexpr size_t body_bytes = 32 << 20;

PolicyTables let_http(GuardRig& rig, bool continuous, Mode of_a) {
  PolicyTables t = tables(++rig.generation, rig.lab, Mode::protect, rig.fails_closed);
  t.groups[3].mode = of_a;
  t.groups[3].fails_closed = rig.fails_closed;
  t.rules.push_back(web_rule(continuous));
  return t;
}

/** Returns when guest a's NIC is guarded, or is not. */
void let_http_between(GuardRig& rig, Mode of_a) {
  rig.dp->policy(let_http(rig, true, of_a));
  CHECK(wait_for([&] {
    return (rig.sink.protection_of(rig.lab.a).state == NicProtection::State::guarded) ==
           (of_a == Mode::protect);
  }));
}

/** A connection from guest a to guest b, as soon as the policy lets it through. */
struct Connection {
  Fd client, server;

  explicit Connection(const GuardRig& rig) {
    const Fd listening = listener(rig.lab, web_port);
    const sockaddr_in to = socket_address(GuestLab::address(false), web_port);
    REQUIRE(wait_for([&] {
      client = guest_socket(rig.lab.a, SOCK_STREAM);
      return ::connect(client.get(), reinterpret_cast<const sockaddr*>(&to), sizeof(to)) == 0;
    }));
    server = Fd(::accept(listening.get(), nullptr, nullptr));
    const timeval wait = {.tv_sec = 5};
    for (const Fd* end : {&client, &server})
      for (const int way : {SO_RCVTIMEO, SO_SNDTIMEO})
        ::setsockopt(end->get(), SOL_SOCKET, way, &wait, sizeof(wait));
  }
  void say(const std::string& text) const {
    for (size_t at = 0; at < text.size();) {
      const ssize_t said = ::send(client.get(), text.data() + at, text.size() - at, MSG_NOSIGNAL);
      if (said <= 0) return;
      at += static_cast<size_t>(said);
    }
  }
  /** What comes, up to so much. */
  [[nodiscard]] std::string hear(size_t bytes) const {
    std::string heard(bytes, '\0');
    size_t at = 0;
    while (at < bytes) {
      const ssize_t got = ::recv(server.get(), heard.data() + at, bytes - at, 0);
      if (got <= 0) break;
      at += static_cast<size_t>(got);
    }
    heard.resize(at);
    return heard;
  }
  /** Whether all that is said is heard. */
  [[nodiscard]] bool carries(const std::string& text) const {
    std::thread sends([&] { say(text); });
    const bool is_same = hear(text.size()) == text;
    sends.join();
    return is_same;
  }
  [[nodiscard]] bool is_reset() const {
    char c;
    // The analyzer takes a lock that the sink has let go for held.
    // NOLINTNEXTLINE(clang-analyzer-unix.BlockInCriticalSection)
    return ::recv(client.get(), &c, 1, 0) < 0 && errno == ECONNRESET && ::recv(server.get(), &c, 1, 0) < 0 &&
           errno == ECONNRESET;
  }
};

std::string noise_of(size_t bytes) {
  std::string said;
  for (uint32_t i = 0, x = 1; i < bytes; i++) said += static_cast<char>((x = x * 1664525 + 1013904223) >> 24);
  return said;
}

std::string put_of(size_t bytes) {
  return "PUT /file HTTP/1.1\r\nHost: b\r\nContent-Length: " + std::to_string(bytes) + "\r\n\r\n" +
         noise_of(bytes);
}

void check_nothing_refused(GuardRig& rig, const std::string& tap) {
  for (const uint64_t refused : rig.sink.protection_of(tap).refused) CHECK(refused == 0);
}

/** Of which no frame is content alone; where their sizes have an extension, the kernel reads none of them. */
std::string put_in_chunks(size_t bytes, const std::string& extension = {}) {
  const std::string chunk = "2000" + extension + "\r\n" + noise_of(8192) + "\r\n";
  std::string said = "PUT /file HTTP/1.1\r\nHost: b\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (size_t i = 0; i < bytes; i += 8192) said += chunk;
  return said + "0\r\n\r\n";
}

uint64_t held_frames(GuardRig& rig, const std::string& tap) {
  uint64_t sum = 0;
  for (const auto& way : rig.sink.protection_of(tap).frames) sum += way[VMOAT_HELD];
  return sum;
}

/** Fails closed: else what passes a worker that waits for its turn may be said behind it, too. */
template <class Test>
void each_closed_guard(Test test) {
  each_guard([&](GuardRig& rig) {
    rig.fails_closed = true;
    rig.mode(Mode::protect);
    test(rig);
  });
}

/** Its first byte is none of HTTP's: wherever a segment ends, no part of it may pass. */
const std::string other = "(SSH-2.0\r\n";

}  // namespace

TEST_CASE(
    "protect: under a continuous rule all of a flow comes through whole, and what is none of it resets it") {
  if (!has_root()) return;
  const std::string put = put_in_chunks(body_bytes, ";x");
  each_closed_guard([&](GuardRig& rig) {
    for (const Mode of_a : {Mode::learn, Mode::protect}) {
      let_http_between(rig, of_a);
      const Connection web(rig);
      CHECK(web.carries(put));
      const std::string& holds = of_a == Mode::protect ? rig.lab.a : rig.lab.b;
      CHECK(wait_for([&] { return held_frames(rig, holds) > body_bytes / 65536; }));
      check_nothing_refused(rig, holds);  // what came early has waited
      web.say(other);
      CHECK(web.is_reset());
    }
    CHECK(held_frames(rig, rig.lab.a) < body_bytes / 8192);  // super-frames stay whole
  });
}

TEST_CASE("protect: content of a known length need not be held, and nothing passes behind it") {
  if (!has_root()) return;
  const std::string put = put_of(2 * body_bytes);
  each_closed_guard([&](GuardRig& rig) {
    rig.dp->policy(let_http(rig, true, Mode::learn));
    const auto heard = [&](const std::string& behind) {
      const Connection web(rig);
      std::thread sends([&] { web.say(put + behind); });
      const std::string heard = web.hear(put.size() + behind.size());
      sends.join();
      return heard;
    };
    CHECK(heard(put) == put + put);
    // Of each content no more than may be held in order, however slow the engine; all of them are 2048.
    CHECK(held_frames(rig, rig.lab.b) < 2 * (VMOAT_HELD_IN_ORDER + 32));
    const std::string cut = heard(other);
    CHECK(cut == put.substr(0, cut.size()));
    CHECK(cut.size() > put.size() / 2);  // what is content came
  });
}

TEST_CASE(
    "protect: chunks whose sizes the kernel can read need not be held, and nothing passes behind them") {
  if (!has_root()) return;
  const std::string put = put_in_chunks(body_bytes);
  each_closed_guard([&](GuardRig& rig) {
    for (const Mode of_a : {Mode::learn, Mode::protect}) {
      let_http_between(rig, of_a);
      const Connection web(rig);
      CHECK(web.carries(put));
      web.say(other);
      CHECK(web.is_reset());
    }
    REQUIRE(rig.sink.reports(2));
    for (const std::string& tap : {rig.lab.a, rig.lab.b}) {
      CHECK(held_frames(rig, tap) < put.size() / 65536 / 2);  // half of them, however slow the engine
      check_nothing_refused(rig, tap);
    }
  });
}

TEST_CASE(
    "protect: content that goes on for ever is not refused either, nor what came before its length was "
    "known") {
  if (!has_root()) return;
  const std::string put =
      "PUT /file HTTP/1.1\r\nHost: b\r\nContent-Length: 1000000000000000\r\n\r\n" + noise_of(body_bytes / 4);
  each_closed_guard([&](GuardRig& rig) {
    rig.dp->policy(let_http(rig, true, Mode::learn));
    for (int i = 0; i < 5; i++) {
      const Connection web(rig);
      CHECK(web.carries(put));
    }
    REQUIRE(rig.sink.reports(2));
    check_nothing_refused(rig, rig.lab.b);
  });
}

TEST_CASE("protect: under a continuous rule what was lost behind the guard comes again, and through") {
  if (!has_root() || on_debian_kernel()) return;  // its guest has no nft
  each_closed_guard([&](GuardRig& rig) {
    REQUIRE(run("ip netns exec " + rig.lab.b +
                " nft 'add table ip loss; add chain ip loss in { type filter hook input priority 0; }; "
                "add rule ip loss in tcp dport 8080 meta length > 100 numgen random mod 50 < 1 drop'"));
    rig.dp->policy(let_http(rig, true, Mode::learn));
    for (const char* extension : {"", ";x"}) {
      const std::string put = put_in_chunks(4 << 20, extension);
      const Connection web(rig);
      CHECK(web.carries(put));
      web.say(other);
      CHECK(web.is_reset());
    }
  });
}

TEST_CASE("protect: under a plain rule a flow goes on, whatever it says after its opening") {
  if (!has_root()) return;
  GuardRig rig;
  rig.mode(Mode::protect);
  rig.dp->policy(let_http(rig, false, Mode::learn));
  const Connection web(rig);
  const std::string put = put_of(1000);
  web.say(put);
  REQUIRE(web.hear(put.size()) == put);
  REQUIRE(rig.sink.reports(2));
  const uint64_t held = held_frames(rig, rig.lab.b);
  constexpr int more = 100;
  for (int i = 0; i < more; i++) {
    web.say(other);
    CHECK(web.hear(other.size()) == other);
  }
  REQUIRE(rig.sink.reports(2));
  CHECK(held_frames(rig, rig.lab.b) <
        held + more / 2);  // the kernel saw that the server has read the opening
}

TEST_CASE(
    "protect: what is followed goes on after a panic, and after its worker hung, where that fails open") {
  if (!has_root()) return;
  const std::string post = "POST / HTTP/1.1\r\nHost: b\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody";
  const std::string chunk = "\r\n2000\r\n" + noise_of(8192);
  constexpr int chunks = 100;
  each_guard([&](GuardRig& rig) {
    rig.mode(Mode::protect);
    for (const auto& [of_a, panics] :
         {std::pair{Mode::learn, false}, {Mode::protect, false}, {Mode::learn, true}}) {
      CAPTURE(panics);
      let_http_between(rig, of_a);
      const Connection web(rig);
      REQUIRE(web.carries(post));
      std::thread sends([&] {
        for (int i = 0; i < chunks; i++, ::usleep(5000)) web.say(chunk);
      });
      if (panics) {
        REQUIRE(set_panic(rig.pins, std::numeric_limits<uint64_t>::max()).ok());
        ::usleep(200'000);
        REQUIRE(set_panic(rig.pins, 0).ok());
      } else {
        const HungWorker hung;
        ::usleep(350'000);
      }
      CHECK(web.hear(chunks * chunk.size()).size() == chunks * chunk.size());
      sends.join();
    }
    REQUIRE(rig.sink.reports(2));
    const NicProtection guard = rig.sink.protection_of(rig.lab.b);
    CHECK(guard.frames[VMOAT_TO_NIC][VMOAT_FAILED_OPEN] > 0);
  });
}

TEST_CASE("protect: what is followed goes by the fail policy where the engine is not there") {
  if (!has_root()) return;
  for (const bool closed : {false, true}) {
    GuardRig rig;
    rig.fails_closed = closed;
    rig.mode(Mode::protect);
    rig.dp->policy(let_http(rig, true, Mode::learn));
    const Connection web(rig);
    const std::string put = put_of(1000);
    web.say(put);
    REQUIRE(web.hear(put.size()) == put);
    rig.end();
    web.say(put);
    const timeval wait = {.tv_sec = 1};
    ::setsockopt(web.server.get(), SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
    CHECK(web.hear(put.size()).size() == (closed ? 0 : put.size()));
  }
}

}  // namespace vmoat::test
