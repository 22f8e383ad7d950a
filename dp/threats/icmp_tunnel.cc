// ICMP tunnelling: echo messages that carry something else than echoes.
#include "base/endian.h"
#include "threats/threat.h"

namespace vmoat {

namespace {

constexpr Threshold thresholds[] = {
    {"messages", "messages", 10, 2, 100000, "that carry data no ping sends, between two ends, in 300 s"}};

/** Behind the timestamps and marks that pings begin with. */
constexpr size_t mark_bytes = 24, shown_bytes = 64, pattern_bytes_max = 32;

bool is_echo(const Packet& p, bool& answer) {
  if (p.payload.size() < 8) return false;
  const uint8_t type = p.payload[0];
  answer = type == 0 || type == 129;
  return p.proto == IPPROTO_ICMP ? type == 8 || type == 0 : type == 128 || type == 129;
}

/** Data that repeats itself or counts up, as every ping's does. */
bool is_pattern(Bytes data) {
  if (data.size() < mark_bytes + 16) return true;
  const Bytes body = data.subspan(mark_bytes, std::min(data.size() - mark_bytes, shown_bytes));
  bool counts = true;
  for (size_t i = 1; i < body.size(); i++)
    counts = counts && static_cast<uint8_t>(body[i - 1] + 1) == body[i];
  if (counts) return true;
  for (size_t period = 1; period <= std::min(pattern_bytes_max, body.size() - 4); period++)
    if (std::equal(body.begin() + static_cast<ptrdiff_t>(period), body.end(), body.begin())) return true;
  return false;
}

/** A whole IPv4 or IPv6 packet. */
bool is_packet(Bytes data) {
  if (data.size() >= 20 && data[0] >> 4 == 4)
    return (data[0] & 15) >= 5 && load_be16(&data[2]) == data.size();
  return data.size() >= 40 && data[0] >> 4 == 6 && load_be16(&data[4]) + size_t{40} == data.size();
}

uint64_t digest(Bytes data) {
  uint64_t h = 0xcbf29ce484222325;
  for (uint8_t byte : data) h = (h ^ byte) * 0x100000001b3;
  return h;
}

enum Word : uint8_t { request_sequence, request_digest };

/** An answer that does not say what was asked (RFC 792: the data must be returned). */
bool differs(Tally& t, uint16_t sequence, Bytes data, bool answer) {
  constexpr uint64_t known = uint64_t{1} << 32;
  if (answer) {
    const bool same_one = t.words[request_sequence] == (known | sequence);
    t.words[request_sequence] = 0;
    return same_one && t.words[request_digest] != digest(data);
  }
  t.words[request_sequence] = known | sequence;
  t.words[request_digest] = digest(data);
  return false;
}

void packet(const PacketEvent& event, Alarm& alarm) {
  bool answer = false;
  const Packet& p = event.packet;
  if (p.cut || !is_echo(p, answer)) return;
  const Bytes data = p.payload.subspan(8);
  const Subject& s = event.subject;
  Tally& t = alarm.tally({.slot = no_slot,
                          .port = s.sport,
                          .segment = s.segment,
                          .a = answer ? s.dst : s.src,
                          .b = answer ? s.src : s.dst},
                         300);
  const bool other = differs(t, load_be16(&p.payload[6]), data, answer), inner = is_packet(data);
  if (!other && !inner && is_pattern(data)) return;
  if (++t.count < alarm.threshold(0)) return;
  alarm.raise(Evidence() << t.count << " echo messages with foreign data, the last of " << data.size()
                         << " bytes: "
                         << (inner   ? "an IP packet"
                             : other ? "an answer that differs from its request"
                                     : "no pattern of any ping"));
}

}  // namespace

extern const Threat icmp_tunnel_threat;
const Threat icmp_tunnel_threat = {
    .name = "icmp-tunnel",
    .severity = Severity::high,
    .action = ThreatAction::deny,
    .means =
        "echo messages whose data is an IP packet, no pattern that a ping sends, or not what was asked for",
    .evidence = "how many such messages, and what the last one carried",
    .live = "the first 16 KiB of echo data of a flow in each way, within the NIC's budget of events",
    .thresholds = thresholds,
    .packets = packet_icmp,
    .packet = packet,
};

}  // namespace vmoat
