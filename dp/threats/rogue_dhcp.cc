// Rogue DHCP server: a guest gives out addresses, and with them a gateway and name servers of its choice,
// where another server is known or nobody asked.
#include <cstring>

#include "threats/authority.h"

namespace vmoat {

namespace {

constexpr uint32_t window_s = 60;
/** Request and answer may be two workers' affair: an answer waits so long for its request. */
constexpr int64_t patience_ns = 3 * ns_per_s;

constexpr TallyKey nics_in_doubt = {};
/** What the tally of a NIC remembers of an answer that waits; its `distinct` holds the answer's subject. */
enum Word : uint8_t { answered_ns, transaction, server_mac };
static_assert(sizeof(Subject) <= sizeof(Distinct) && std::is_trivially_copyable_v<Subject>);

uint16_t server_port(const Subject& s) {
  return s.family == 4 ? 67 : 547;
}

Tally& request_of(const Subject& s, uint64_t transaction, Alarm& alarm) {
  const Address number{{1, transaction}};
  return alarm.tally({.port = server_port(s), .segment = s.segment, .a = number}, window_s);
}

/** Counted from the last of them: a client repeats itself under one number. */
void note_request(const NeighbourEvent& event, Alarm& alarm) {
  Tally& t = request_of(event.subject, event.transaction, alarm);
  t.count++;
  t.since_ns = alarm.now_ns();
}

/** One answer a NIC; while it waits, others are let go. */
void doubt(const NeighbourEvent& event, Alarm& alarm) {
  Tally& t = alarm.tally({.slot = event.subject.slot}, window_s);
  if (t.count != 0) return;
  t.count = 1;
  t.since_ns = alarm.now_ns();
  t.words[answered_ns] = static_cast<uint64_t>(alarm.now_ns());
  t.words[transaction] = event.transaction;
  std::memcpy(&t.words[server_mac], event.mac.data(), event.mac.size());
  std::memcpy(t.distinct.bits.data(), &event.subject, sizeof event.subject);
  Tally& all = alarm.tally(nics_in_doubt, window_s);
  all.since_ns = alarm.now_ns();
  all.distinct.add(event.subject.slot);
}

void neighbour(const NeighbourEvent& event, Alarm& alarm) {
  if (event.kind == NeighbourEvent::Kind::dhcp_client) return note_request(event, alarm);
  if (event.kind != NeighbourEvent::Kind::dhcp_server) return;
  const Subject& s = event.subject;
  if (const auto known = served_by_other(event, server_port(s), alarm))
    return alarm.raise(Evidence() << event.address << " at " << event.mac << " answers DHCP; " << *known
                                  << " is the known server");
  if (s.from_guest() && request_of(s, event.transaction, alarm).count == 0) doubt(event, alarm);
}

void second(const NicSecond& event, Alarm& alarm) {
  const uint16_t slot = event.subject.slot;
  if (event.subject.way != VMOAT_FROM_NIC || !alarm.tally(nics_in_doubt, window_s).distinct.has(slot)) return;
  Tally& t = alarm.tally({.slot = slot}, window_s);
  if (t.count == 0 || static_cast<int64_t>(t.words[answered_ns]) + patience_ns > alarm.now_ns()) return;
  t.count = 0;
  Subject s;
  Mac mac;
  std::memcpy(static_cast<void*>(&s), t.distinct.bits.data(), sizeof s);
  std::memcpy(mac.data(), &t.words[server_mac], mac.size());
  if (request_of(s, t.words[transaction], alarm).count == 0)
    alarm.raise_for(s, Evidence() << s.src << " at " << mac << " answers a DHCP request that nobody sent");
}

}  // namespace

extern const Threat rogue_dhcp_threat;
const Threat rogue_dhcp_threat = {
    .name = "rogue-dhcp",
    .severity = Severity::high,
    .action = ThreatAction::deny,
    .means =
        "a guest answers DHCP or DHCPv6 in a segment whose known server is another, or what nobody asked. "
        "Known is the server that is no guest, such as the bridge's own, else the first guest that answers "
        "in a "
        "day: the only server of its segment is none, a second one is, be it of a failover pair or a relay",
    .evidence = "address and MAC of the server, the MAC of the known one",
    .live = "every DHCP message that a guest sends or receives",
    .offline = "not seen: a file does not tell which NIC a frame came from",
    .neighbour = neighbour,
    .second = second,
};

}  // namespace vmoat
