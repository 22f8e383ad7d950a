// For tests: a pipeline that is asked about held frames, between two guests of whom one is in protect.
#pragma once

#include <doctest/doctest.h>

#include <algorithm>

#include "apps/application.h"
#include "engine/test_pipeline.h"
#include "engine/verdicts.h"

namespace vmoat::test {

constexpr uint16_t web_slot = 3, db_slot = 4, other_slot = 5;
constexpr uint32_t web = 3, db = 4, multicast = 5, broadcast = 6;

inline uint16_t application_number(std::string_view name) {
  for (uint16_t i = 0; i < applications().size(); i++)
    if (applications()[i].name == name) return static_cast<uint16_t>(i + 1);
  return 0;
}

inline PolicyRule rule(uint32_t from, uint32_t to, Verdict action, std::vector<std::string> ports = {},
                       std::vector<std::string> applications = {}) {
  return {.id = "r",
          .from = from,
          .to = to,
          .applications = std::move(applications),
          .ports = std::move(ports),
          .action = action};
}

/** Only db is in protect. */
inline PolicyTables tables(std::vector<PolicyRule> rules) {
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

inline LivePolicy live(const PolicyTables& given) {
  auto made =
      Policy::compile(given, application_number, std::make_shared<IdentityTable>(), is_read_to_its_end);
  REQUIRE(made.ok());
  LivePolicy policy{*made, std::vector<Identity>(8, (*made)->nic({}))};
  policy.nics[web_slot] = policy.policy->nic("web");
  policy.nics[db_slot] = policy.nics[other_slot] = policy.policy->nic("db");
  policy.generation = 7;
  policy.facts.resize(8);
  policy.facts[db_slot].guarded = true;
  return policy;
}

inline Buffer ip_to(const Buffer& destination, uint8_t proto, const Buffer& body) {
  Buffer packet = ipv4(proto, body);
  std::copy(destination.begin(), destination.end(), packet.begin() + 16);
  return packet;
}

/** 10.0.0.`host` */
struct End {
  uint8_t host;
  uint16_t port;
};

/** A frame of TCP at a NIC whose guest is `near`, as the kernel sends it up. */
inline void send_up(Rig& rig, uint16_t slot, vmoat_way way, End near, End far, const Buffer& frame) {
  vmoat_flow_key key{};
  key.near[10] = key.near[11] = key.far[10] = key.far[11] = 0xff;
  key.near[12] = key.far[12] = 10;
  key.near[15] = near.host, key.far[15] = far.host;
  key.near_port = near.port, key.far_port = far.port;
  key.slot = slot, key.proto = 6, key.family = 4;
  rig.pipeline.frame({.bytes = frame,
                      .time_ns = ++rig.now_ns,
                      .length = static_cast<uint32_t>(frame.size()),
                      .segment = 1,
                      .slot = slot,
                      .way = static_cast<uint8_t>(way),
                      .reason = VMOAT_PAYLOAD,
                      .key = &key});
}

/** Between web's and db's ports, where it comes from. */
inline void send_up(Rig& rig, bool by_web, const Buffer& frame, uint16_t web_port, uint16_t db_port) {
  const End web_end{1, web_port}, db_end{2, db_port};
  send_up(rig, by_web ? web_slot : db_slot, VMOAT_FROM_NIC, by_web ? web_end : db_end,
          by_web ? db_end : web_end, frame);
}

/** Frames are held in it, of one flow. */
struct LiveRig : Rig {
  uint8_t number = 0;             // of the last one that was held
  bool leaves_checksums = false;  // who sends, to its NIC

  explicit LiveRig(const PipelineOptions& options = small_options()) : Rig(options, true) {}
  HeldRuling rule_frame(const Buffer& bytes, uint16_t slot = db_slot, uint8_t way = VMOAT_TO_NIC,
                        uint16_t sender = web_slot, bool waited = false) {
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
  Flow only() {
    notes.flow.clear();
    now_ns += second_ns / 100;
    pipeline.report(now_ns);
    REQUIRE(notes.flow.size() == 1);
    return notes.flow[0];
  }
};

/** web is 10.0.0.1, db 10.0.0.2, and all that is held is so at db's NIC unless told otherwise. */
struct HeldRig : LiveRig {
  explicit HeldRig(std::vector<PolicyRule> rules, const PipelineOptions& options = small_options())
      : LiveRig(options) {
    leaves_checksums = true;
    force(live(tables(std::move(rules))));
  }
  void force(LivePolicy policy) { pipeline.policy(std::make_shared<const LivePolicy>(std::move(policy))); }
  HeldRuling held(const Buffer& frame, uint16_t sender = web_slot, bool waited = false,
                  uint16_t slot = db_slot, uint8_t way = VMOAT_TO_NIC) {
    const bool is_ipv4 = frame[12] == 8 && frame[13] == 0;
    const auto ip = frame.begin() + 14;
    const Buffer bytes = is_ipv4 ? Buffer(frame.begin(), ip) + with_header_sum({ip, frame.end()}) : frame;
    return rule_frame(bytes, slot, way, sender, waited);
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
    const Buffer packet = by_web ? ip_between(1, 2, 6, segment) : ip_between(2, 1, 6, segment);
    send_up(*this, by_web, ethernet(0x0800, packet), port, 21);
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
  size_t allowed() const {
    return static_cast<size_t>(std::count_if(notes.ruled.begin(), notes.ruled.end(), [](const auto& r) {
      return r.second.verdict[0] == VMOAT_ALLOW;
    }));
  }
};

}  // namespace vmoat::test
