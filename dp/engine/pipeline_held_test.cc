// Held frames: what each is ruled by its flow and by what it is itself.
#include "engine/held_datagrams.h"
#include "engine/held_rig.h"

namespace vmoat::test {
namespace {

const PolicyRule to_53 = rule(web, db, Verdict::allow, {"udp/53"});
Buffer datagram(uint16_t port, char filling = 'x') {
  return udp(1000, port, Buffer(56, static_cast<uint8_t>(filling)));
}

}  // namespace

TEST_CASE("held fragments go by their datagram's first one, and are counted with it") {
  HeldRig rig({to_53});
  const HeldRuling first = rig.fragment(0, 32, datagram(53));
  CHECK(first.ruling == Ruling::pass);
  CHECK(first.ticket != Ticket{});
  CHECK(rig.fragment(32, 32, datagram(53)).ruling == Ruling::pass);
  REQUIRE(rig.notes.ruled.size() == 2);
  CHECK(rig.notes.ruled[1].second.returned[VMOAT_TO_NIC] == 2);
  CHECK(rig.notes.ruled[1].first.near_port == 53);
  CHECK(rig.fragment(0, 32, datagram(54), 10).ruling == Ruling::drop);
  CHECK(rig.fragment(32, 32, datagram(54), 10).ruling == Ruling::drop);
}

TEST_CASE("a held fragment that comes before its first one waits for it, and is ruled as that is") {
  for (const uint16_t port : {53, 54}) {
    HeldRig rig({to_53});
    const HeldRuling early = rig.fragment(32, 32, datagram(port));
    CHECK(early.ruling == Ruling::wait);
    const HeldRuling first = rig.fragment(0, 32, datagram(port));
    CHECK(first.ticket == early.ticket);
    const Ruling as = port == 53 ? Ruling::pass : Ruling::drop;
    CHECK(first.ruling == as);
    CHECK(rig.fragment(32, 32, datagram(port), 9, true).ruling == as);
    const uint16_t counted =
        port == 53 ? 2 : VMOAT_RETURNED_ALL;  // the kernel did not know whose it was either
    CHECK(rig.notes.ruled.back().second.returned[VMOAT_TO_NIC] == counted);
  }
}

TEST_CASE("held fragments do not pass on the strength of another datagram's ports") {
  HeldRig rig({to_53});
  REQUIRE(rig.fragment(0, 32, datagram(53)).ruling == Ruling::pass);
  CHECK(rig.fragment(32, 32, datagram(53), 10).ruling == Ruling::wait);
  CHECK(rig.fragment(32, 32, datagram(53), 9, false, other_slot).ruling == Ruling::wait);
  CHECK(rig.fragment(0, 32, datagram(54)).ruling == Ruling::refuse);
  CHECK(rig.fragment(32, 32, datagram(53)).ruling == Ruling::refuse);
}

TEST_CASE("held fragments that overlap are refused, those sent twice are not") {
  HeldRig rig({to_53});
  REQUIRE(rig.fragment(0, 32, datagram(53)).ruling == Ruling::pass);
  CHECK(rig.fragment(0, 32, datagram(53)).ruling == Ruling::pass);
  CHECK(rig.fragment(32, 16, datagram(53)).ruling == Ruling::pass);
  CHECK(rig.fragment(32, 16, datagram(53)).ruling == Ruling::pass);
  CHECK(rig.fragment(24, 16, datagram(53)).ruling == Ruling::refuse);
  CHECK(rig.fragment(48, 16, datagram(53)).ruling == Ruling::refuse);  // nothing of it any more
}

TEST_CASE("held fragments that no stack sends are refused") {
  HeldRig rig({rule(web, db, Verdict::allow)});
  const Buffer segment = tcp(1000, 80, 1, 1, 16, Buffer(40, 'x'));
  CHECK(rig.fragment(0, 16, segment, 9, false, web_slot, 6).ruling == Ruling::refuse);
  CHECK(rig.fragment(8, 24, segment, 10, false, web_slot, 6).ruling == Ruling::refuse);
  CHECK(rig.fragment(0, 20, datagram(53), 11).ruling == Ruling::refuse);     // more follow, no multiple of 8
  const Buffer header_alone = hex("3c00 0001 00000007 1100 0104 00000000");  // options, then UDP elsewhere
  CHECK(rig.held(ethernet(0x86dd, ipv6(44, header_alone))).ruling == Ruling::refuse);
}

TEST_CASE("held fragments of IPv6 go by their first one, too") {
  HeldRig rig({to_53});
  const auto piece = [](uint16_t offset, bool more, const Buffer& part) {
    return ethernet(0x86dd, ipv6(44, hex("1100") + be16(offset | (more ? 1u : 0u)) + be32(7) + part));
  };
  const Buffer whole = datagram(53);
  const Buffer head(whole.begin(), whole.begin() + 32), tail(whole.begin() + 32, whole.end());
  const HeldRuling early = rig.held(piece(32, false, tail));
  CHECK(early.ruling == Ruling::wait);
  const HeldRuling first = rig.held(piece(0, true, head));
  CHECK(first.ruling == Ruling::pass);
  CHECK(first.ticket == early.ticket);
  CHECK(rig.held(piece(32, false, tail), web_slot, true).ruling == Ruling::pass);
}

TEST_CASE("one sender's held datagrams do not crowd out another's") {
  HeldRig rig({rule(0, db, Verdict::allow, {"udp/53"})});
  uint16_t id = 100;
  while (rig.fragment(0, 32, datagram(53), id).ruling == Ruling::pass) REQUIRE(++id < 1000);
  CHECK(id == 100 + HeldDatagrams::datagrams_max / HeldDatagrams::share);
  CHECK(rig.fragment(0, 32, udp(2000, 53, Buffer(56, 'x')), 9, false, no_slot).ruling == Ruling::pass);
  rig.now_ns += HeldDatagrams::known_ns;
  CHECK(rig.fragment(0, 32, datagram(53), id).ruling == Ruling::pass);
}

TEST_CASE("another policy has a guard ask again, but not one that is on its way out of protect") {
  for (const Mode mode : {Mode::protect, Mode::learn}) {
    HeldRig rig({to_53});
    REQUIRE(rig.to_db(17, datagram(53)) == Ruling::pass);
    rig.notes.ruled.clear();
    PolicyTables next = tables({});
    next.groups[db].mode = mode;
    LivePolicy policy = live(next);
    policy.facts[db_slot].guarded = mode == Mode::protect;
    rig.force(policy);
    (void)rig.only();
    CHECK(rig.notes.ruled.size() == (mode == Mode::protect ? 1 : 0));
  }
}

TEST_CASE("what goes to many passes each guarded NIC where a rule allows it, and none else") {
  const Buffer mdns = ethernet(0x0800, ip_to({224, 0, 0, 251}, 17, udp(5353, 5353, text("x"))));
  HeldRig rig({rule(web, multicast, Verdict::allow, {"udp/5353"})});
  for (const uint16_t slot : {db_slot, other_slot}) {
    CHECK(rig.held(mdns, web_slot, false, slot).ruling == Ruling::pass);
    CHECK(rig.notes.ruled.back().first.slot == slot);
    CHECK(rig.notes.ruled.back().second.verdict[0] == VMOAT_ALLOW);
  }
  HeldRig none({});
  CHECK(none.held(mdns).ruling == Ruling::drop);
  CHECK(none.notes.ruled.back().second.verdict[0] == VMOAT_DENY);
  HeldRig denying({rule(web, multicast, Verdict::deny)});
  CHECK(denying.held(mdns).ruling == Ruling::drop);
}

TEST_CASE("a frame to all of a segment goes by what may be sent to all, whatever address it bears") {
  Buffer to_all = ethernet(0x0800, ip_between(1, 2, 17, udp(1000, 53, text("x"))));
  std::fill_n(to_all.begin(), 6, uint8_t{0xff});
  HeldRig rig({rule(web, 0, Verdict::allow, {"udp/54"}), rule(web, 2, Verdict::allow, {"udp/53"}),
               rule(web, db, Verdict::allow, {"udp/53"})});
  CHECK(rig.held(to_all).ruling == Ruling::drop);
  HeldRig allowing({rule(web, broadcast, Verdict::allow, {"udp/53"})});
  CHECK(allowing.held(to_all).ruling == Ruling::pass);
  CHECK(allowing.notes.ruled.empty());
}

TEST_CASE("each held ICMP error goes by the flow that it quotes, none by the kernel alone") {
  HeldRig rig({to_53});
  const auto error_about = [](uint16_t port, uint8_t quoted_from = 2) {
    return hex("0304 0000 00000500") + ip_between(quoted_from, 1, 17, udp(port, 1000, text("x")));
  };
  REQUIRE(rig.to_db(17, udp(1000, 53, text("x"))) == Ruling::pass);
  REQUIRE(rig.to_db(17, udp(1000, 54, text("x"))) == Ruling::drop);
  rig.notes.ruled.clear();
  CHECK(rig.to_db(1, error_about(53)) == Ruling::pass);
  CHECK(rig.to_db(1, error_about(54)) == Ruling::drop);
  CHECK(rig.to_db(1, error_about(55)) == Ruling::drop);
  CHECK(rig.to_db(1, error_about(53, 3)) == Ruling::drop);  // nobody here sent that
  CHECK(rig.to_db(1, error_about(53)) == Ruling::pass);
  CHECK(rig.notes.ruled.empty());
}

TEST_CASE("an ICMP error with a guessed sequence number is judged by itself") {
  HeldRig rig({rule(web, db, Verdict::allow, {"tcp/21"})});
  REQUIRE(rig.to_db(6, tcp(1000, 21, 100, 0, 2)) == Ruling::pass);
  rig.sent(false, tcp(21, 1000, 500, 101, 18), 1000);
  const auto error_about = [](uint32_t seq) {
    return hex("0304 0000 00000500") + ip_between(2, 1, 6, tcp(21, 1000, seq, 101, 16));
  };
  CHECK(rig.to_db(1, error_about(501)) == Ruling::pass);
  CHECK(rig.to_db(1, error_about(0x7fffffff)) == Ruling::drop);
}

TEST_CASE("an ICMP error is about a flow of the guest's own, not of one that says it is that guest") {
  const Buffer error = hex("0304 0000 00000500") + ip_between(2, 1, 17, udp(53, 1000, text("x")));
  const Buffer frame = ethernet(0x0800, ip_between(1, 2, 1, error));
  for (const uint16_t slot : {db_slot, other_slot}) {
    HeldRig rig({to_53});
    REQUIRE(rig.to_db(17, udp(1000, 53, text("x"))) == Ruling::pass);
    CHECK(rig.held(frame, web_slot, false, slot).ruling == (slot == db_slot ? Ruling::pass : Ruling::drop));
  }
}

TEST_CASE("an ICMP error by a guest that the kernel let a flow into is about that flow") {
  PolicyTables known = tables({rule(web, db, Verdict::allow, {"tcp/21"})});
  known.ends.push_back({.segment = 1, .address = "10.0.0.2", .groups = {0, db}});
  HeldRig rig({});
  rig.force(live(known));
  rig.sent(true, tcp(1000, 21, 100, 0, 2), 1000);  // by the policy cache: nothing was held at db's NIC
  const auto error_by = [&](uint8_t guest, uint16_t port) {
    const Buffer error = hex("0303 0000 00000000") + ip_between(1, 2, 6, tcp(1000, port, 100, 0, 2));
    return rig.held(ethernet(0x0800, ip_between(guest, 1, 1, error)), no_slot, false, db_slot, VMOAT_FROM_NIC)
        .ruling;
  };
  CHECK(error_by(2, 21) == Ruling::pass);
  CHECK(error_by(2, 22) == Ruling::drop);
  CHECK(error_by(3, 21) == Ruling::drop);
}

TEST_CASE(
    "what comes under another's address goes by that, also where the kernel has counted it at the NIC") {
  PipelineOptions options = small_options();
  const auto own = std::make_shared<AddressOwners>(SipHash());
  const uint8_t bytes[4] = {10, 0, 0, 2};
  REQUIRE(own->claim({1, Address::v4(bytes), db_slot, Ownership::configured}, 1));
  options.own = own;
  HeldRig rig({to_53}, options);
  const Buffer frame = ethernet(0x0800, ip_between(1, 77, 17, udp(1000, 53, text("x"))));
  vmoat_flow_key sent{.near_port = 1000, .far_port = 53, .slot = web_slot, .proto = 17, .family = 4};
  sent.near[10] = sent.near[11] = sent.far[10] = sent.far[11] = 0xff;
  sent.near[12] = sent.far[12] = 10, sent.near[15] = 1, sent.far[15] = 77;
  vmoat_flow_key received = sent;
  std::swap(received.near[15], received.far[15]);
  std::swap(received.near_port, received.far_port);
  received.slot = db_slot;
  rig.pipeline.frame({.bytes = frame,
                      .time_ns = ++rig.now_ns,
                      .length = static_cast<uint32_t>(frame.size()),
                      .segment = 1,
                      .slot = web_slot,
                      .reason = VMOAT_NEW,
                      .key = &sent});
  rig.pipeline.count(received, 1, {}, 0, Counted::running);
  CHECK(rig.held(frame).ruling == Ruling::drop);
  CHECK(rig.to_db(17, udp(1000, 53, text("x"))) == Ruling::pass);
}

TEST_CASE("an ICMP redirect about a flow that is allowed is judged by itself") {
  HeldRig rig({to_53});
  REQUIRE(rig.to_db(17, udp(1000, 53, text("x"))) == Ruling::pass);
  CHECK(rig.to_db(1, hex("0501 0000 0a000003") + ip_between(2, 1, 17, udp(53, 1000, text("x")))) ==
        Ruling::drop);
}

namespace {

/** A passive data channel of ftp's is announced. */
void announce_channel(HeldRig& rig) {
  const auto say = [&](bool by_web, const Buffer& segment) {
    return by_web ? rig.to_db(6, segment) : rig.by_db(6, segment);
  };
  const Buffer hello = text("220 ready\r\n"), user = text("USER a\r\n"), ok = text("230 in\r\n"),
               passive = text("PASV\r\n"), port = text("227 Entering Passive Mode (10,0,0,2,156,64)\r\n");
  REQUIRE(say(true, tcp(3000, 21, 100, 0, 2)) == Ruling::pass);
  say(false, tcp(21, 3000, 500, 101, 18));
  say(true, tcp(3000, 21, 101, 501, 16));
  uint32_t client = 101, server = 501;
  const auto talk = [&](bool by_web, const Buffer& line) {
    by_web ? rig.sent(true, tcp(3000, 21, client, server, 24, line), 3000)
           : rig.sent(false, tcp(21, 3000, server, client, 24, line), 3000);
    (by_web ? client : server) += static_cast<uint32_t>(line.size());
  };
  talk(false, hello);
  talk(true, user);
  talk(false, ok);
  talk(true, passive);
  talk(false, port);
}

}  // namespace

TEST_CASE("a held data channel goes by the flow that announced it") {
  HeldRig rig({rule(web, db, Verdict::allow, {"tcp/21"})});
  announce_channel(rig);
  CHECK(rig.to_db(6, tcp(3001, 40000, 1, 0, 2)) == Ruling::pass);
  CHECK(rig.notes.ruled.back().second.verdict[0] == VMOAT_ALLOW);
  CHECK(rig.to_db(6, tcp(3001, 40001, 1, 0, 2)) == Ruling::reset);
  rig.force(live(tables({})));
  CHECK(rig.to_db(6, tcp(3001, 40000, 2, 0, 16)) == Ruling::reset);
}

}  // namespace vmoat::test
