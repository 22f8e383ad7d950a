// Held frames: what each is ruled, by its flow, by what it is itself and by what it carries.
#include <doctest/doctest.h>

#include <algorithm>

#include "apps/application.h"
#include "engine/address_owners.h"
#include "engine/held_datagrams.h"
#include "engine/test_pipeline.h"
#include "engine/verdicts.h"
#include "threats/memory.h"

namespace vmoat::test {
namespace {

constexpr uint16_t web_slot = 3, db_slot = 4, other_slot = 5;
constexpr uint32_t web = 3, db = 4, multicast = 5, broadcast = 6;

uint16_t application_number(std::string_view name) {
  for (uint16_t i = 0; i < applications().size(); i++)
    if (applications()[i].name == name) return static_cast<uint16_t>(i + 1);
  return 0;
}

PolicyRule rule(uint32_t from, uint32_t to, Verdict action, std::vector<std::string> ports = {},
                std::vector<std::string> applications = {}) {
  return {.id = "r",
          .from = from,
          .to = to,
          .applications = std::move(applications),
          .ports = std::move(ports),
          .action = action};
}

/** Only db is in protect. */
PolicyTables tables(std::vector<PolicyRule> rules) {
  PolicyTables t{.generation = 1};
  for (const char* name : {"any", "host", "external", "web", "db", "multicast", "broadcast"})
    t.groups.push_back({.name = name});
  t.groups[web].mode = Mode::learn;
  t.groups[db].mode = Mode::protect;
  t.rules = std::move(rules);
  for (uint32_t i = 0; i < t.rules.size(); i++) t.rules[i].number = i + 1, t.rules[i].id += std::to_string(i);
  t.nics = {{.tap = "web", .groups = {0, web}}, {.tap = "db", .groups = {0, db}}};
  t.unknown = {0};
  t.ends = {{.segment = 1, .address = "10.0.0.1", .groups = {0, web}}};
  return t;
}

LivePolicy live(const PolicyTables& given) {
  auto made = Policy::compile(given, application_number, std::make_shared<IdentityTable>());
  REQUIRE(made.ok());
  LivePolicy policy{*made, std::vector<Identity>(8, (*made)->nic({}))};
  policy.nics[web_slot] = policy.policy->nic("web");
  policy.nics[db_slot] = policy.nics[other_slot] = policy.policy->nic("db");
  policy.generation = 7;
  policy.facts.resize(8);
  policy.facts[db_slot].guarded = true;
  return policy;
}

Buffer ip_to(const Buffer& destination, uint8_t proto, const Buffer& body) {
  Buffer packet = ipv4(proto, body);
  std::copy(destination.begin(), destination.end(), packet.begin() + 16);
  return packet;
}

/** web is 10.0.0.1, db 10.0.0.2, and all that is held is so at db's NIC unless told otherwise. */
struct HeldRig : Rig {
  uint8_t number = 0;            // of the last one that was held
  bool leaves_checksums = true;  // who sends, to its NIC

  explicit HeldRig(std::vector<PolicyRule> rules, const PipelineOptions& options = small_options())
      : Rig(options, true) {
    force(live(tables(std::move(rules))));
  }
  void force(LivePolicy policy) { pipeline.policy(std::make_shared<const LivePolicy>(std::move(policy))); }
  HeldRuling held(const Buffer& frame, uint16_t sender = web_slot, bool waited = false,
                  uint16_t slot = db_slot, uint8_t way = VMOAT_TO_NIC) {
    const bool is_ipv4 = frame[12] == 8 && frame[13] == 0;
    const auto ip = frame.begin() + 14;
    const Buffer bytes = is_ipv4 ? Buffer(frame.begin(), ip) + with_header_sum({ip, frame.end()}) : frame;
    return pipeline.rule({.bytes = bytes,
                          .time_ns = ++now_ns,
                          .length = static_cast<uint32_t>(bytes.size()),
                          .segment = 1,
                          .slot = slot,
                          .sender = sender,
                          .number = waited ? uint8_t{0} : ++number,
                          .way = way,
                          .is_checksum_left = leaves_checksums},
                         waited);
  }
  Ruling to_db(uint8_t proto, const Buffer& body) {
    return held(ethernet(0x0800, ip_between(1, 2, proto, body))).ruling;
  }
  Ruling by_db(uint8_t proto, const Buffer& body) {
    return held(ethernet(0x0800, ip_between(2, 1, proto, body)), db_slot, false, db_slot, VMOAT_FROM_NIC)
        .ruling;
  }
  /** TCP between web's `port` and db's 21, as the kernel sends it up. */
  void sent(bool by_web, const Buffer& segment, uint16_t port) {
    const Buffer bytes =
        ethernet(0x0800, by_web ? ip_between(1, 2, 6, segment) : ip_between(2, 1, 6, segment));
    vmoat_flow_key key{};
    key.near[10] = key.near[11] = key.far[10] = key.far[11] = 0xff;
    key.near[12] = key.far[12] = 10;
    key.near[15] = by_web ? 1 : 2, key.far[15] = by_web ? 2 : 1;
    key.near_port = by_web ? port : 21, key.far_port = by_web ? 21 : port;
    key.slot = by_web ? web_slot : db_slot, key.proto = 6, key.family = 4;
    pipeline.frame({.bytes = bytes,
                    .time_ns = ++now_ns,
                    .length = static_cast<uint32_t>(bytes.size()),
                    .segment = 1,
                    .slot = key.slot,
                    .reason = VMOAT_PAYLOAD,
                    .key = &key});
  }
  HeldRuling fragment(size_t from, size_t size, const Buffer& datagram, uint16_t id = 9, bool waited = false,
                      uint16_t sender = web_slot, uint8_t proto = 17) {
    const auto begin = datagram.begin() + static_cast<ptrdiff_t>(from);
    const Buffer part(begin, begin + static_cast<ptrdiff_t>(size));
    const bool more = from + size < datagram.size();
    return held(
        ethernet(0x0800, ipv4(proto, part, static_cast<uint16_t>(from / 8 | (more ? 0x2000 : 0)), id)),
        sender, waited);
  }
  Flow only() {
    notes.flow.clear();
    now_ns += second_ns / 100;
    pipeline.report(now_ns);
    REQUIRE(notes.flow.size() == 1);
    return notes.flow[0];
  }
  size_t allowed() const {
    return static_cast<size_t>(std::count_if(notes.ruled.begin(), notes.ruled.end(), [](const auto& r) {
      return r.second.verdict[0] == VMOAT_ALLOW;
    }));
  }
};

const PolicyRule to_53 = rule(web, db, Verdict::allow, {"udp/53"});

Buffer datagram(uint16_t port, char filling = 'x') {
  return udp(1000, port, Buffer(56, static_cast<uint8_t>(filling)));
}

}  // namespace

TEST_CASE("held fragments go by their datagram's first one, and are counted with it") {
  HeldRig rig({to_53});
  const HeldRuling first = rig.fragment(0, 32, datagram(53));
  CHECK(first.ruling == Ruling::pass);
  CHECK(first.datagram != 0);
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
    CHECK(first.datagram == early.datagram);
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
  CHECK(first.datagram == early.datagram);
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
  for (int i = 0; i < 20; i++) {  // the same place in the stream, other content each time
    const Buffer segment = tcp(1000, 80, 100, 0, 2, Buffer(600, static_cast<uint8_t>('a' + i)));
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
