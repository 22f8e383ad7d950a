// Insertion: a client shows us what its server throws away, and sends it something else instead.
#include <netinet/tcp.h>
#include <poll.h>

#include "base/endian.h"
#include "engine/raw_guest.h"

namespace vmoat::test {
namespace {

constexpr uint32_t first_seq = 1000, now_stamp = 1'000'000;
const std::string get = "GET / HTTP/1.1\r\nHost: b\r\n\r\n", smuggled = "CONFIG SET dir /root/.ssh\r\n";

/** How a server can be made to throw a segment away. */
struct Segment {
  const char* how;
  uint32_t stamp = now_stamp;  // RFC 7323, 5: an old one
  uint32_t acks_more = 0;      // RFC 9293, 3.10.7.4: of what was never sent
};
const Segment good = {"good"};
const Segment thrown_away[] = {{"an old timestamp", now_stamp - 500'000},
                               {"an acknowledgement of what was never sent", now_stamp, 1 << 20}};

Buffer with_stamp(Buffer header, uint32_t stamp, uint32_t echo, const std::string& said) {
  header[12] = 0x80;
  return header + hex("0101 080a") + be32(stamp) + be32(echo) + text(said);
}

/** Guest a's client, frame by frame, and guest b's server. */
class Client {
 public:
  Client(const GuardRig& rig, const Fd& listening, uint16_t port, uint32_t seq = first_seq)
      : port_(port), a_(rig.lab, rig.lab.a), to_(mac_of(rig.lab.b)) {
    a_.send(to_, 2, IPPROTO_TCP, with_stamp(tcp(port_, web_port, seq - 1, 0, tcp_syn), now_stamp, 0, ""));
    REQUIRE(wait_for([&] { return is_answered(); }));
    say(seq, "", good);
    server_ = Fd(::accept(listening.get(), nullptr, nullptr));
    REQUIRE(server_);
  }
  void say(uint32_t seq, const std::string& said, const Segment& as) const {
    const uint8_t flags = said.empty() ? tcp_ack : tcp_ack | tcp_psh;
    a_.send(to_, 2, IPPROTO_TCP,
            with_stamp(tcp(port_, web_port, seq, server_seq_ + as.acks_more, flags), as.stamp, server_stamp_,
                       said));
  }
  /** The server forgets it without a word, as when it starts anew. */
  void be_forgotten() {
    const int on = 1;
    REQUIRE(::setsockopt(server_.get(), IPPROTO_TCP, TCP_REPAIR, &on, sizeof on) == 0);
    server_ = {};
  }
  /** What the server reads, as soon as there is something. */
  [[nodiscard]] std::string heard(int wait_ms = 5000) const {
    pollfd ready = {server_.get(), POLLIN, 0};
    if (::poll(&ready, 1, wait_ms) != 1) return {};
    std::string bytes(4096, 0);
    const ssize_t got = ::recv(server_.get(), bytes.data(), bytes.size(), 0);
    bytes.resize(static_cast<size_t>(std::max<ssize_t>(got, 0)));
    return bytes;
  }
  [[nodiscard]] bool hears_nothing() const { return heard(300).empty(); }

 private:
  bool is_answered() {
    for (const Buffer& frame : a_.frames(port_)) {
      if (frame[47] != (tcp_syn | tcp_ack)) continue;
      server_seq_ = load_be32(&frame[38]) + 1;
      for (size_t at = 54; at + 10 <= frame.size(); at++)
        if (frame[at] == 8 && frame[at + 1] == 10) return server_stamp_ = load_be32(&frame[at + 2]), true;
    }
    return false;
  }

  uint16_t port_;
  RawGuest a_;
  Buffer to_;
  Fd server_;
  uint32_t server_seq_ = 0, server_stamp_ = 0;
};

}  // namespace

TEST_CASE("protect: what a server threw away vouches for nothing that is sent in its place") {
  if (!has_root()) return;
  each_guard([](GuardRig& rig) {
    const Fd web = listener(rig.lab, web_port);
    for (const bool continuous : {false, true}) {
      protect(rig, [&](PolicyTables& t) { t.rules.push_back(web_rule(continuous)); });
      // its own stack knows nothing of these connections, and would reset them
      REQUIRE(run("ip -n " + rig.lab.a + " route add blackhole 10.9.0.2/32"));
      uint16_t port = continuous ? 41'000 : 42'000;
      for (const Segment& as : thrown_away) {
        CAPTURE(as.how);
        const Client honest(rig, web, ++port);
        honest.say(first_seq, get, as);
        CHECK(honest.hears_nothing());
        honest.say(first_seq, get, good);
        CHECK(honest.heard() == get);
        const Client forges(rig, web, ++port);
        forges.say(first_seq, get, as);
        CHECK(forges.hears_nothing());
        forges.say(first_seq, smuggled, good);
        CHECK(forges.hears_nothing());
        forges.say(first_seq, get, good);
        CHECK(forges.hears_nothing());
        const Client later(rig, web, ++port);
        later.say(first_seq, get, good);
        CHECK(later.heard() == get);
        const auto next = first_seq + static_cast<uint32_t>(get.size());
        later.say(next, get, as);
        CHECK(later.hears_nothing());
        later.say(next, smuggled, good);
        CHECK((continuous ? later.hears_nothing() : later.heard() == smuggled));
      }
      REQUIRE(run("ip -n " + rig.lab.a + " route del blackhole 10.9.0.2/32"));
    }
  });
}

TEST_CASE(
    "protect: a chunk that the kernel let pass and a server threw away is not replaced by another one") {
  if (!has_root()) return;
  const std::string post = "POST / HTTP/1.1\r\nHost: b\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody";
  const std::string chunk = "\r\n20\r\n" + std::string(0x20, 'x');
  const std::string others[] = {"\r\n0\r\n\r\n" + smuggled, "\r\n2\r\nxx\r\n0\r\n\r\n" + smuggled,
                                "\r\n21\r\n" + std::string(0x20, 'x')};
  each_guard([&](GuardRig& rig) {
    const Fd web = listener(rig.lab, web_port);
    protect(rig, [&](PolicyTables& t) { t.rules.push_back(web_rule(true)); });
    REQUIRE(run("ip -n " + rig.lab.a + " route add blackhole 10.9.0.2/32"));
    uint16_t port = 44'000;
    constexpr int chunks = 20;
    for (size_t i = 0; i < std::size(others); i++) {
      const Segment& as = thrown_away[i % std::size(thrown_away)];
      CAPTURE(as.how);
      CAPTURE(others[i]);
      const Client client(rig, web, ++port);
      uint32_t next = first_seq;
      const auto goes_on = [&](const std::string& said) {
        client.say(next, said, good);
        CHECK(client.heard() == said);
        next += static_cast<uint32_t>(said.size());
        ::usleep(2000);  // the kernel is told what comes next
      };
      goes_on(post);
      for (int n = 0; n < chunks; n++) goes_on(chunk);
      client.say(next, chunk, as);
      CHECK(client.hears_nothing());
      client.say(next, others[i], good);
      CHECK(client.hears_nothing());
      client.say(next, chunk, good);
      CHECK(client.hears_nothing());  // the flow is denied
    }
    REQUIRE(rig.sink.reports(2));
    const uint64_t held = rig.sink.protection_of(rig.lab.b).frames[VMOAT_TO_NIC][VMOAT_HELD];
    CHECK(held < std::size(others) * chunks / 2);  // the chunks were the kernel's
    REQUIRE(run("ip -n " + rig.lab.a + " route del blackhole 10.9.0.2/32"));
  });
}

TEST_CASE("protect: a connection whose server has forgotten the one before has an opening of its own") {
  if (!has_root()) return;
  GuardRig rig;
  protect(rig, [](PolicyTables& t) { t.rules.push_back(web_rule(false)); });
  REQUIRE(run("ip -n " + rig.lab.a + " route add blackhole 10.9.0.2/32"));
  const Fd web = listener(rig.lab, web_port);
  const std::string ssh = "SSH-2.0-OpenSSH_9.2\r\n";
  uint16_t port = 43'000;
  for (const uint32_t seq : {first_seq, first_seq + (1u << 30)})
    for (const bool forges : {false, true}) {
      CAPTURE(seq);
      CAPTURE(forges);
      Client first(rig, web, ++port);
      first.say(first_seq, get, good);
      CHECK(first.heard() == get);
      first.be_forgotten();
      REQUIRE(rig.sink.reports(3));
      const Client second(rig, web, port, seq);
      second.say(seq, forges ? ssh : get, good);
      CHECK((forges ? second.hears_nothing() : second.heard() == get));
      if (!forges) second.say(seq + static_cast<uint32_t>(get.size()), ssh, good);
      CHECK((forges ? second.hears_nothing() : second.heard() == ssh));
    }
}

}  // namespace vmoat::test
