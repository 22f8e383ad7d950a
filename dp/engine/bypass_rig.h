// For tests: guest b in protect, who sends what to whom past its guard, what of it arrives and what was
// counted.
#pragma once

#include <linux/if_packet.h>
#include <net/ethernet.h>

#include <map>
#include <optional>

#include "engine/bypass_frames.h"
#include "engine/protect_rig.h"

namespace vmoat::test {

/** Beside open_port and closed_port: one that a rule with an application allows, and one for what is sent to
 * many. */
constexpr uint16_t application_port = 5500, many_port = 5353;
constexpr const char* application = "sip";
constexpr uint32_t opening_frames = 8, opening_bytes = 4096;

inline const End multicast_end = {
    {0x01, 0, 0x5e, 1, 2, 3}, {239, 1, 2, 3}, hex("ff15000000000000000000000a010203")};
inline const End all_nodes = {
    {0x33, 0x33, 0, 0, 0, 1}, {224, 0, 0, 1}, hex("ff020000000000000000000000000001")};
inline const End broadcast_end = {everybody, {10, 9, 0, 255}, all_nodes.v6};

/** What arrives at an interface, by the mark in it. What is sent out of it does not count. */
class Ear {
 public:
  Ear(const std::string& guest, const std::string& interface) {
    in_guest(guest, [&] { listen(interface); });
    REQUIRE(fd_);
  }
  size_t heard(const Talk& talk) {
    drain();
    return heard_[talk.number];
  }

 private:
  void listen(const std::string& interface) {
    Fd fd(::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    const int on = 1, bytes = 64 << 20;
    sockaddr_ll at = {.sll_family = AF_PACKET,
                      .sll_protocol = htons(ETH_P_ALL),
                      .sll_ifindex = static_cast<int>(::if_nametoindex(interface.c_str()))};
    ::setsockopt(fd.get(), SOL_PACKET, PACKET_IGNORE_OUTGOING, &on, sizeof(on));
    ::setsockopt(fd.get(), SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes));
    if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&at), sizeof(at)) == 0) fd_ = std::move(fd);
  }
  void drain() {
    Buffer bytes(65'536);
    for (ssize_t got; (got = ::recv(fd_.get(), bytes.data(), bytes.size(), 0)) >= 0;)
      note({bytes.data(), static_cast<size_t>(got)});
  }
  void note(Bytes frame) {
    const Buffer magic = text("vmBP");
    const auto at = std::search(frame.begin(), frame.end(), magic.begin(), magic.end());
    if (frame.end() - at < 8) return;
    heard_[uint32_t{at[4]} << 24 | at[5] << 16 | at[6] << 8 | at[7]]++;
  }

  Fd fd_;
  std::map<uint32_t, size_t> heard_;
};

/** A guest's network card, driven by hand. */
class Card {
 public:
  explicit Card(const std::string& guest) : Card(guest, guest + "-g") {}
  Card(const std::string& guest, const std::string& interface) : ear_(guest, interface) {
    in_guest(guest, [&] {
      out_ = Fd(::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0));
      sockaddr_ll at = {.sll_family = AF_PACKET,
                        .sll_ifindex = static_cast<int>(::if_nametoindex(interface.c_str()))};
      REQUIRE(::bind(out_.get(), reinterpret_cast<const sockaddr*>(&at), sizeof(at)) == 0);
    });
  }
  void send(const Buffer& frame) const {
    REQUIRE(::send(out_.get(), frame.data(), frame.size(), 0) == static_cast<ssize_t>(frame.size()));
  }
  /** Also where nobody is at the other end. */
  void try_send(const Buffer& frame) const { (void)::send(out_.get(), frame.data(), frame.size(), 0); }
  void send(const std::vector<Buffer>& frames) const {
    for (const Buffer& frame : frames) send(frame);
  }
  size_t heard(const Talk& talk) { return ear_.heard(talk); }

 private:
  Ear ear_;
  Fd out_;
};

/** Causes as bits: enum vmoat_guarded, and behind them what the engine itself dropped. */
using Causes = uint32_t;
constexpr uint32_t counts_max = VMOAT_GUARDED + 2;
constexpr Causes because(uint32_t cause) {
  return 1u << cause;
}
constexpr Causes for_opening = because(VMOAT_GUARDED), for_refused = because(VMOAT_GUARDED + 1);
constexpr Causes for_verdict = because(VMOAT_DENIED) | for_refused, for_no_key = because(VMOAT_NO_KEY),
                 for_fragment = because(VMOAT_BAD_FRAGMENT), for_claim = because(VMOAT_SPOOFED),
                 for_service = because(VMOAT_NOT_SERVED);
constexpr Causes none = 0;

/** To guest b or out of it: the way as b's guard counts it. */
struct BypassRig {
  GuardRig rig;
  const End a = end_of(rig.lab.a, 1), b = end_of(rig.lab.b, 2), c = end_of(rig.lab.c, 3);
  Card card_a{rig.lab.a}, card_b{rig.lab.b}, card_c{rig.lab.c};
  uint32_t talks = 0;
  PolicyProtection protection = {.own_addresses = OwnAddresses::configured,
                                 .opening_frames = opening_frames,
                                 .opening_bytes = opening_bytes};
  /** Without it the rule for open_port is left out. */
  bool allows = true;

  BypassRig(HookChoice hook, const std::string& enforcer, DataplaneConfig with = small_tables())
      : rig(hook, enforcer, quick(std::move(with))) {
    let_bridge_alone();
    rig.mode(Mode::protect);
    in_force();
  }

  /** Returns when flows both ways are allowed. */
  void in_force() {
    apply();
    for (const int family : {4, 6})
      for (const vmoat_way way : {VMOAT_TO_NIC, VMOAT_FROM_NIC}) {
        INFO("IPv", family, way == VMOAT_TO_NIC ? ", to the guest" : ", from the guest");
        CHECK(alive_soon(way, family));
      }
  }
  void apply() { rig.dp->policy(policy()); }
  [[nodiscard]] PolicyTables policy();

  [[nodiscard]] Card& sender(vmoat_way way) { return way == VMOAT_TO_NIC ? card_a : card_b; }
  [[nodiscard]] Card& receiver(vmoat_way way) { return way == VMOAT_TO_NIC ? card_b : card_a; }
  [[nodiscard]] Talk talk(vmoat_way way, int family) {
    const bool in = way == VMOAT_TO_NIC;
    return {in ? a : b, in ? b : a, family, ++talks};
  }
  /** Whether a frame of a flow that begins now arrives. It hangs on an application: the engine sees it, after
   * whatever was sent before. */
  bool alive(vmoat_way way, int family, int wait_ms = 2000) {
    const Talk probe = talk(way, family);
    const Buffer request = text("OPTIONS sip:a SIP/2.0\r\n\r\n") + probe.mark();
    sender(way).send(probe.frame(probe.ip(proto_udp, udp(probe.port(), application_port, request))));
    return arrives(receiver(way), probe, 1, wait_ms);
  }
  /** Policies come into force a little later than they are told. */
  bool alive_soon(vmoat_way way, int family) {
    for (int i = 0; i < 50; i++)
      if (alive(way, family, 100)) return true;
    return false;
  }
  static bool arrives(Card& at, const Talk& talk, size_t count, int wait_ms = 2000) {
    for (int i = 0; at.heard(talk) < count; i++, ::usleep(500))
      if (i > wait_ms * 2) return false;
    return true;
  }
  /** Frames of guest b that were dropped so far for one of the causes. */
  uint64_t counted(vmoat_way way, Causes causes) {
    const NicProtection p = rig.sink.nic(rig.lab.b).protection;
    uint64_t sum = 0;
    for (uint32_t i = 0; i < VMOAT_GUARDED; i++) sum += causes & because(i) ? p.frames[way][i] : 0;
    return sum + (causes & for_opening ? p.opening[way] : 0) + (causes & for_refused ? p.refused[way] : 0);
  }
  bool counts(vmoat_way way, Causes causes, uint64_t at_least) {
    return wait_for([&] { return counted(way, causes) >= at_least; });
  }

 private:
  static DataplaneConfig quick(DataplaneConfig with) {
    with.report_interval_ms = 10;
    with.workers = 1;
    return with;
  }
  /** br_netfilter drops and trims broken packets before a guard could be asked. */
  static void let_bridge_alone() {
    REQUIRE(run("for f in /proc/sys/net/bridge/bridge-nf-call-*; do [ ! -w $f ] || echo 0 > $f; done"));
  }
  static End end_of(const std::string& guest, uint8_t last) {
    REQUIRE(run("ip -n " + guest + " addr add fd00:9::" + std::to_string(last) + "/64 dev " + guest +
                "-g nodad"));
    End end = {.v4 = {10, 9, 0, last}, .v6 = hex("fd000009000000000000000000000000")};
    end.v6.back() = last;
    const std::string mac = GuestLab::mac(guest);
    for (size_t i = 0; i < 6; i++)
      end.mac[i] = static_cast<uint8_t>(std::stoi(mac.substr(i * 3, 2), nullptr, 16));
    return end;
  }
};

inline PolicyTables BypassRig::policy() {
  PolicyTables t = tables(++rig.generation, rig.lab, Mode::protect, rig.fails_closed);
  constexpr uint32_t vm_a = 3, vm_b = 4, many = 6, all = 7;
  t.groups[vm_b].protection = protection;
  t.groups.insert(t.groups.end(), {{.name = group_multicast}, {.name = group_broadcast}});
  t.rules.clear();
  const auto rule = [&](uint32_t from, uint32_t to, std::vector<std::string> ports,
                        std::vector<std::string> applications = {}) {
    const auto number = static_cast<uint32_t>(t.rules.size() + 1);
    t.rules.push_back({.number = number,
                       .id = "r" + std::to_string(number),
                       .from = from,
                       .to = to,
                       .applications = std::move(applications),
                       .ports = std::move(ports),
                       .action = Verdict::allow});
  };
  for (const auto& [from, to] : {std::pair{vm_a, vm_b}, {vm_b, vm_a}}) {
    if (allows) rule(from, to, {"tcp/5432", "udp/5432", "udp/53", "icmp/8", "icmpv6/128"});
    rule(from, to, {"tcp/5500", "udp/5500"}, {application});
    rule(from, many, {"udp/5353"});
    rule(from, all, {"udp/5353"});
  }
  const uint32_t segment = rig.sink.nic(rig.lab.b).segment;
  for (size_t i = 0; i < 3; i++) {
    PolicyNic& nic = t.nics[i];
    nic.mac = GuestLab::mac(nic.tap);
    nic.configured = {"10.9.0." + std::to_string(i + 1), "fd00:9::" + std::to_string(i + 1)};
    for (const std::string& address : nic.configured) t.ends.push_back({segment, address, nic.groups});
  }
  return t;
}

/** For what does not hang on how programs are attached. */
inline const std::vector<HookChoice> one_hook = {HookChoice::automatic};

/** Runs a test with a rig of its own for every enforcer of the registry. No hooks: every one there is. */
template <class Test>
void each_bypass(Test test, const std::vector<HookChoice>& hooks = {},
                 const DataplaneConfig& with = small_tables()) {
  if (!has_root()) return;
  for (const EnforcerKind& kind : enforcers())
    for (const HookChoice hook : hooks.empty() ? hooks_here() : hooks) {
      const std::string which = which_of(kind.name, hook);
      CAPTURE(which);
      BypassRig rig(hook, std::string(kind.name), with);
      test(rig);
    }
}

}  // namespace vmoat::test
