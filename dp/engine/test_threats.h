// For tests: a pipeline under attack, and which threats it raised.
#pragma once

#include <algorithm>
#include <string>

#include "engine/test_pipeline.h"
#include "threats/memory.h"

namespace vmoat::test {

inline constexpr Mac guest_mac = {0x52, 0x54, 0, 0, 0, 1}, other_mac = {0x52, 0x54, 0, 0, 0, 2},
                     host_mac = {0xfe, 0x54, 0, 0, 0, 9}, everybody = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
inline constexpr uint8_t fin = 1, syn = 2, rst = 4, psh = 8, ack = 16, urg = 32;

/** 10.0.`net`.`host` */
inline uint32_t v4(uint8_t host, uint8_t net = 0) {
  return 10u << 24 | uint32_t{net} << 8 | host;
}

class Scene {
 public:
  /** With a slot the frames come from that NIC's guest, as a tap hands them up. */
  explicit Scene(uint16_t slot = no_slot) : slot_(slot) {}

  void frame(Buffer bytes, int64_t after_ns = 1'000'000, uint8_t way = VMOAT_FROM_NIC) {
    rig.now_ns += after_ns;
    Packet p;
    const Frame plain = {.bytes = bytes,
                         .time_ns = rig.now_ns,
                         .length = static_cast<uint32_t>(bytes.size()),
                         .segment = 3,
                         .slot = slot_,
                         .way = way};
    decode(plain, p);
    vmoat_flow_key key = {};
    const bool sent = way == VMOAT_FROM_NIC;
    std::memcpy(key.near, (sent ? p.src : p.dst).bytes(), 16);
    std::memcpy(key.far, (sent ? p.dst : p.src).bytes(), 16);
    const bool icmp = p.proto == IPPROTO_ICMP || p.proto == IPPROTO_ICMPV6;
    key.near_port = sent || icmp ? p.sport : p.dport;
    key.far_port = sent || icmp ? p.dport : p.sport;
    key.slot = slot_;
    key.proto = p.proto;
    key.family = p.family;
    Frame with = plain;
    if (slot_ != no_slot && p.layer >= Layer::network) with.key = &key;
    rig.pipeline.frame(with);
  }
  void ip(uint32_t from, uint32_t to, uint8_t proto, const Buffer& body, int64_t after_ns = 1'000'000,
          uint8_t way = VMOAT_FROM_NIC) {
    Buffer packet = ipv4(proto, body);
    const Buffer ends = be32(from) + be32(to);
    std::copy(ends.begin(), ends.end(), packet.begin() + 12);
    frame(ether(0x0800, packet, way), after_ns, way);
  }
  /** From the guest or to it, MACs accordingly. */
  Buffer ether(uint16_t type, const Buffer& payload, uint8_t way = VMOAT_FROM_NIC) const {
    const Mac &to = way == VMOAT_FROM_NIC ? target_mac : source_mac,
              &from = way == VMOAT_FROM_NIC ? source_mac : target_mac;
    return Buffer(to.begin(), to.end()) + Buffer(from.begin(), from.end()) + be16(type) + payload;
  }
  /** A TCP handshake, and the client's end of it. */
  void handshake(uint32_t from, uint32_t to, uint16_t sport, uint16_t dport, int64_t after_ns = 1'000'000) {
    ip(from, to, 6, tcp(sport, dport, 100, 0, syn), after_ns);
    ip(to, from, 6, tcp(dport, sport, 500, 101, syn | ack), 1000, VMOAT_TO_NIC);
    ip(from, to, 6, tcp(sport, dport, 101, 501, ack), 1000);
  }
  void close(uint32_t from, uint32_t to, uint16_t sport, uint16_t dport) {
    ip(from, to, 6, tcp(sport, dport, 101, 501, rst | ack), 1000);
  }
  void silence(int64_t seconds) {
    rig.now_ns += seconds * second_ns;
    rig.pipeline.advance(rig.now_ns);
  }
  /** ARP: `mac` says that it has `address`. */
  void arp(uint16_t operation, const Mac& mac, uint32_t address, uint32_t target, const Mac& to,
           uint8_t way = VMOAT_FROM_NIC) {
    const Buffer sender(mac.begin(), mac.end());
    const Buffer message = hex("0001 0800 06 04") + be16(operation) + sender + be32(address) +
                           hex("000000000000") + be32(target);
    frame(Buffer(to.begin(), to.end()) + sender + be16(0x0806) + message, 100'000'000, way);
  }

  /** What was raised so far, by name and sorted. */
  std::vector<std::string> raised() {
    rig.pipeline.report(rig.now_ns);
    if (!rig_is_live()) rig.pipeline.finish();
    std::vector<std::string> names;
    names.reserve(rig.notes.threat.size());
    for (const ThreatRecord& r : rig.notes.threat) names.emplace_back(vmoat::threats()[r.threat].name);
    std::sort(names.begin(), names.end());
    names.erase(std::unique(names.begin(), names.end()), names.end());
    return names;
  }
  bool has(std::string_view name) {
    const auto all = raised();
    return std::find(all.begin(), all.end(), name) != all.end();
  }
  const ThreatRecord* first(std::string_view name) {
    (void)raised();
    for (const ThreatRecord& r : rig.notes.threat)
      if (vmoat::threats()[r.threat].name == name) return &r;
    return nullptr;
  }

  Mac source_mac = guest_mac, target_mac = host_mac;
  std::shared_ptr<ThreatMemory> memory = std::make_shared<ThreatMemory>(ThreatSettings(), SipHash(1, 2));
  uint16_t slot_;
  Rig rig{options(), rig_is_live()};

 private:
  [[nodiscard]] bool rig_is_live() const { return slot_ != no_slot; }
  [[nodiscard]] PipelineOptions options() const {
    PipelineOptions o = small_options();
    o.sessions_max = 1 << 16;
    o.threats = memory;
    return o;
  }
};

using Names = std::vector<std::string>;

}  // namespace vmoat::test
