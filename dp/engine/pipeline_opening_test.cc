// Held frames: how much passes while nobody can say yet, what passes where nobody has begun, what records say
// of it, and what frames carry.
#include "engine/held_rig.h"
#include "threats/memory.h"

namespace vmoat::test {
namespace {

LivePolicy opening_of(uint32_t frames, uint32_t bytes, const PolicyRule& by) {
  PolicyTables t = tables({by});
  t.groups[db].protection.opening_frames = frames;
  t.groups[db].protection.opening_bytes = bytes;
  return live(t);
}

const PolicyRule http_on_80 = rule(web, db, Verdict::allow, {"tcp/80"}, {"http"});

}  // namespace

TEST_CASE("while a rule hangs on the application so many frames pass as the NIC's groups say") {
  HeldRig rig({});
  rig.force(opening_of(3, 65536, http_on_80));
  for (int i = 0; i < 3; i++) CHECK(rig.to_db(6, tcp(1000, 80, 100, 0, 2)) == Ruling::pass);
  CHECK(rig.to_db(6, tcp(1000, 80, 100, 0, 2)) == Ruling::spent);
  CHECK(rig.to_db(6, tcp(1001, 80, 100, 0, 2)) == Ruling::pass);
  CHECK(rig.notes.ruled.empty());
}

TEST_CASE("while a rule hangs on the application so many bytes pass, those of a SYN among them") {
  HeldRig rig({});
  rig.force(opening_of(32, 4096, http_on_80));
  uint32_t passed = 0;
  for (int i = 0; i < 20; i++) {
    const Buffer segment = tcp(1000, 80, 100, 0, 2, Buffer(600, 'a'));
    const Ruling ruling = rig.to_db(6, segment);
    CHECK((ruling == Ruling::pass || ruling == Ruling::spent));
    if (ruling == Ruling::pass) passed += 34 + static_cast<uint32_t>(segment.size());
  }
  CHECK(passed > 0);
  CHECK(passed <= 4096);
}

TEST_CASE(
    "who shows recognition what its receiver does not read is denied, where the verdict hangs on that") {
  for (const bool hangs : {true, false}) {
    CAPTURE(hangs);
    HeldRig rig({hangs ? http_on_80 : rule(web, db, Verdict::allow, {"tcp/80"})});
    CHECK(rig.to_db(6, tcp(1000, 80, 99, 0, 2)) == Ruling::pass);
    rig.leaves_checksums = false;
    CHECK(rig.to_db(6, tcp(1000, 80, 100, 7, 16, text("GET / HTTP/1.1\r\n\r\n"))) ==
          (hangs ? Ruling::reset : Ruling::pass));
    rig.leaves_checksums = true;
    CHECK(rig.to_db(6, tcp(1000, 80, 100, 7, 16, text("PING\r\n"))) ==
          (hangs ? Ruling::reset : Ruling::pass));
  }
}

TEST_CASE("nothing passes a port on which no rule could allow anything") {
  HeldRig rig({http_on_80});
  CHECK(rig.to_db(6, tcp(1000, 81, 100, 0, 2)) == Ruling::reset);
  CHECK(rig.to_db(17, udp(1000, 80, text("x"))) == Ruling::drop);
}

TEST_CASE("TCP without SYN passes where a rule allows it either way round, else it is reset") {
  HeldRig rig({rule(web, db, Verdict::allow, {"tcp/80"}), rule(db, web, Verdict::allow, {"tcp/5432"})});
  CHECK(rig.to_db(6, tcp(1000, 80, 7, 9, 16, text("x"))) == Ruling::pass);
  CHECK(rig.to_db(6, tcp(5432, 1000, 7, 9, 16, text("x"))) == Ruling::pass);
  CHECK(rig.by_db(6, tcp(1001, 5432, 7, 9, 16, text("x"))) == Ruling::pass);
  CHECK(rig.to_db(6, tcp(1000, 81, 7, 9, 16, text("x"))) == Ruling::reset);
  CHECK(rig.to_db(6, tcp(81, 1000, 7, 9, 16, text("x"))) == Ruling::reset);
}

TEST_CASE("an answer passes where somebody has asked, and on no other grounds") {
  HeldRig rig({rule(db, web, Verdict::allow, {"udp/53", "udp/5432", "icmp/8"})});
  const Buffer query = hex("0001 0100 0001 0000 0000 0000 03777777 00 0001 0001"),
               ping = hex("08000000 00070001"),
               answer = hex("0001 8180 0001 0000 0000 0000 03777777 00 0001 0001"),
               rpc_answer = be32(7) + be32(1) + Buffer(16), pong = hex("00000000 00070001");
  CHECK(rig.to_db(17, udp(53, 41'000, answer)) == Ruling::drop);
  CHECK(rig.to_db(17, udp(5432, 41'001, rpc_answer)) == Ruling::drop);
  CHECK(rig.to_db(1, pong) == Ruling::drop);
  CHECK(rig.by_db(17, udp(41'000, 53, query)) == Ruling::pass);
  CHECK(rig.to_db(17, udp(53, 41'000, answer)) == Ruling::pass);
  CHECK(rig.by_db(1, ping) == Ruling::pass);
  CHECK(rig.to_db(1, pong) == Ruling::pass);
}

TEST_CASE("a record says whether a denied flow's frames were dropped or reset") {
  HeldRig rig({});
  REQUIRE(rig.to_db(6, tcp(1000, 81, 100, 0, 2)) == Ruling::reset);
  CHECK(rig.only().enforced == Enforced::dropped);  // no reset got through
  REQUIRE(rig.to_db(6, tcp(1000, 81, 100, 0, 2)) == Ruling::reset);
  rig.pipeline.was_reset();
  REQUIRE(rig.to_db(6, tcp(1000, 81, 100, 0, 16)) == Ruling::reset);
  const Flow flow = rig.only();
  CHECK(flow.verdict == Verdict::deny);
  CHECK(flow.enforced == Enforced::reset);
}

TEST_CASE("a record says that DHCP passed without a rule, and that something else on its ports did not") {
  HeldRig rig({});
  const Buffer discover =
      hex("01010600 12345678") + Buffer(20) + hex("020000000001") + Buffer(202) + hex("63825363 350101 ff");
  const auto to_all = [](const Buffer& said) {
    Buffer packet = ip_between(2, 0, 17, udp(68, 67, said));
    std::fill_n(packet.begin() + 16, 4, uint8_t{0xff});
    return ethernet(0x0800, packet);
  };
  vmoat_flow_key key{.near_port = 68, .far_port = 67, .slot = db_slot, .proto = 17, .family = 4};
  key.near[10] = key.near[11] = key.far[10] = key.far[11] = 0xff;
  key.near[12] = 10, key.near[15] = 2;
  std::fill_n(&key.far[12], 4, uint8_t{0xff});
  const Buffer frame = to_all(discover);
  rig.pipeline.frame({.bytes = frame,
                      .time_ns = ++rig.now_ns,
                      .length = static_cast<uint32_t>(frame.size()),
                      .segment = 1,
                      .slot = db_slot,
                      .reason = VMOAT_NEW | VMOAT_TEACH,
                      .key = &key});
  const Flow passed = rig.only();
  CHECK(passed.app == "dhcp");
  CHECK(passed.verdict == Verdict::allow);
  CHECK((passed.flags & flow_violation) == 0);
  CHECK(rig.held(to_all(text("no DHCP")), db_slot, false, db_slot, VMOAT_FROM_NIC).ruling == Ruling::drop);
  const Flow dropped = rig.only();
  CHECK(dropped.verdict == Verdict::deny);
  CHECK(dropped.enforced == Enforced::dropped);
}

TEST_CASE("a record says that the kernel dropped a flow by itself") {
  HeldRig rig({});
  vmoat_flow_key key{};
  key.near[10] = key.near[11] = key.far[10] = key.far[11] = 0xff;
  key.near[12] = key.far[12] = 10;
  key.near[15] = 2, key.far[15] = 1;
  key.near_port = 54, key.far_port = 1000;
  key.slot = db_slot, key.proto = 17, key.family = 4;
  vmoat_flow flow{};
  flow.packets[VMOAT_TO_NIC] = flow.bytes[VMOAT_TO_NIC] = 1;
  rig.pipeline.count(key, 1, flow, start_ns);
  CHECK(rig.only().enforced == Enforced::passed);
  flow.ruled[VMOAT_TO_NIC].verdict = vmoat_verdict_word(7, VMOAT_DENY);
  rig.pipeline.count(key, 1, flow, start_ns);
  CHECK(rig.only().enforced == Enforced::dropped);
}

TEST_CASE("while there is panic nothing of a record was dropped") {
  HeldRig rig({});
  REQUIRE(rig.to_db(17, udp(1000, 54, text("x"))) == Ruling::drop);
  LivePolicy policy = live(tables({}));
  policy.panic = true;
  rig.force(std::move(policy));
  rig.pipeline.advance(++rig.now_ns);
  const Flow flow = rig.only();
  CHECK(flow.enforced == Enforced::passed);
  CHECK(flow.decided_by == DecidedBy::panic);
}

namespace {

Buffer vxlan(const Buffer& frame) {
  return udp(50000, 4789, hex("08000000 00002a00") + frame);
}
Buffer inner_udp(uint16_t port) {
  Buffer packet = ipv4(17, udp(700, port, text("x")));
  packet[12] = packet[16] = 192;
  return ethernet(0x0800, packet);
}

}  // namespace

TEST_CASE("what a tunnel carries is held as long as the tunnel lives, and what a rule denies does not pass") {
  PolicyRule denied = rule(0, 0, Verdict::deny, {"udp/53"});
  HeldRig rig({denied, rule(web, db, Verdict::allow, {"udp/4789"})});
  CHECK(rig.to_db(17, vxlan(inner_udp(80))) == Ruling::pass);
  CHECK(rig.to_db(17, vxlan(inner_udp(53))) == Ruling::drop);
  CHECK(rig.to_db(17, vxlan(inner_udp(80))) == Ruling::pass);
  CHECK(rig.to_db(17, udp(50000, 4789, text("no tunnel at all"))) == Ruling::pass);
  CHECK(rig.allowed() == 0);
  HeldRig outside({});
  CHECK(outside.to_db(17, vxlan(inner_udp(80))) == Ruling::drop);
  CHECK(outside.notes.ruled.back().second.verdict[0] == VMOAT_DENY);
}

TEST_CASE("neighbour discovery within a tunnel needs no rule; what came from afar is none") {
  HeldRig rig({rule(web, db, Verdict::allow, {"udp/4789"}), rule(0, 0, Verdict::deny)});
  const auto inner = [](uint8_t hops) {
    Buffer packet = ipv6(58, hex("87000000 00000000") + Buffer(16, 1));
    packet[7] = hops;
    return ethernet(0x86dd, packet);
  };
  CHECK(rig.to_db(17, vxlan(inner(255))) == Ruling::pass);
  CHECK(rig.to_db(17, vxlan(inner(254))) == Ruling::drop);
}

TEST_CASE("a guest does not speak to the host's own tunnel ends, whatever rules say") {
  PipelineOptions options = small_options();
  options.threats = std::make_shared<ThreatMemory>(ThreatSettings{}, SipHash(1, 2));
  const uint8_t host[4] = {10, 0, 0, 9};
  options.threats->owners.set_host({Address::v4(host)});
  HeldRig rig({rule(0, 0, Verdict::allow)}, options);
  const auto to = [&](uint8_t last, uint16_t port) {
    return rig
        .held(ethernet(0x0800, ip_between(2, last, 17, udp(1000, port, text("x")))), db_slot, false, db_slot,
              VMOAT_FROM_NIC)
        .ruling;
  };
  CHECK(to(9, 4789) == Ruling::drop);
  CHECK(to(9, 6081) == Ruling::drop);
  CHECK(to(9, 53) == Ruling::pass);
  CHECK(to(8, 4789) == Ruling::pass);
}

}  // namespace vmoat::test
