// For tests: a client that speaks HTTP to a server whose NIC is guarded, frame by frame.
#pragma once

#include "engine/held_rig.h"

namespace vmoat::test {

constexpr uint16_t client_port = 40000;

/** web may speak HTTP to db; both may be in protect. */
inline PolicyTables http_tables(bool continuous, Mode of_web = Mode::learn) {
  PolicyTables t{.generation = 1};
  for (const char* name : {"any", "host", "external", "web", "db"}) t.groups.push_back({.name = name});
  t.groups[web].mode = of_web;
  t.groups[db].mode = Mode::protect;
  t.rules = {{.number = 1,
              .id = "r",
              .from = web,
              .to = db,
              .applications = {"http"},
              .action = Verdict::allow,
              .continuous = continuous}};
  t.nics = {{.tap = "web", .groups = {0, web}}, {.tap = "db", .groups = {0, db}}};
  t.unknown = {0};
  return t;
}

struct HttpRig : LiveRig {
  uint32_t next = 101;

  explicit HttpRig(const PolicyTables& given, const PipelineOptions& options = small_options())
      : LiveRig(options) {
    policy(given);
  }
  void policy(const PolicyTables& given) {
    LivePolicy now = live(given);
    now.facts[web_slot].guarded = given.groups[web].mode == Mode::protect;
    pipeline.policy(std::make_shared<const LivePolicy>(std::move(now)));
  }
  /** As the kernel sends it up. */
  void sent(bool by_web, const Buffer& segment, uint16_t port = client_port) {
    send_up(*this, by_web, frame(by_web, segment), port, 80);
  }
  static Buffer frame(bool by_web, const Buffer& segment) {
    const Buffer packet = by_web ? ip_between(1, 2, 6, segment) : ip_between(2, 1, 6, segment);
    return ethernet(0x0800, with_header_sum(with_tcp_sum(packet)));
  }
  /** Of the client's. */
  HeldRuling rule(const Buffer& segment, uint16_t slot = db_slot, vmoat_way way = VMOAT_TO_NIC) {
    return rule_frame(frame(true, segment), slot, way);
  }
  Ruling held(const Buffer& segment, uint16_t slot = db_slot, vmoat_way way = VMOAT_TO_NIC) {
    return rule(segment, slot, way).ruling;
  }
  void open() {
    sent(true, tcp(client_port, 80, 100, 0, 2));
    sent(false, tcp(80, client_port, 500, 101, 18));
  }
  /** The client says it, told and held. */
  Ruling says(const std::string& said, uint32_t skip = 0) {
    const Buffer segment = tcp(client_port, 80, next + skip, 501, 24, text(said));
    next += skip + static_cast<uint32_t>(said.size());
    sent(true, segment);
    return held(segment);
  }
  /** db acknowledges so far, held where it comes from. */
  Ruling answers(uint32_t ack, const std::string& said = "") {
    const Buffer segment = tcp(80, client_port, 501, ack, 24, text(said));
    return rule_frame(frame(false, segment), db_slot, VMOAT_FROM_NIC, db_slot).ruling;
  }
  FlowRule ruled() {
    REQUIRE_FALSE(notes.ruled.empty());
    return notes.ruled.back().second;
  }
};

inline const std::string get = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";

}  // namespace vmoat::test
