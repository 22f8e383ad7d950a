// Incidents: sets of eight places, the one that was silent longest gives way.
#include "engine/incidents.h"

#include <algorithm>

namespace vmoat {

Incidents::Incidents(SipHash hash, uint64_t first_id, uint64_t id_step)
    : hash_(hash), memory_(places * sizeof(Entry)), next_id_(first_id), id_step_(id_step) {
  untold_.reserve(places);
}

Incidents::Entry& Incidents::place_of(uint64_t tag) {
  Entry* set = all() + static_cast<uint32_t>(tag >> 32) % places / ways * ways;
  Entry* oldest = set;
  for (Entry* e = set; e < set + ways; e++) {
    if (e->tag == tag) return *e;
    if (e->record.last_ns < oldest->record.last_ns) oldest = e;
  }
  return *oldest;
}

void Incidents::begin(Entry& e, uint64_t tag, uint8_t threat, const Subject& s, int64_t now_ns) {
  const bool listed = e.untold;
  if (listed) lost_++;
  e = {.tag = tag, .untold = listed, .record = {}};
  ThreatRecord& r = e.record;
  r.id = next_id_;
  next_id_ += id_step_;
  r.first_ns = now_ns;
  std::memcpy(r.src, s.src.bytes(), 16);
  std::memcpy(r.dst, s.dst.bytes(), 16);
  r.segment = s.segment;
  r.slot = s.slot;
  r.proto = s.proto;
  r.family = s.family;
  r.threat = threat;
  r.from_nic = s.slot != no_slot && s.way == VMOAT_FROM_NIC ? 1 : 0;
}

bool Incidents::add(uint8_t threat, const Subject& s, std::string_view evidence, int64_t now_ns) {
  const uint64_t words[6] = {s.src.words[0], s.src.words[1], s.dst.words[0],
                             s.dst.words[1], s.segment,      uint64_t{s.slot} << 16 | threat};
  const uint64_t tag = hash_(words, std::size(words)) | 1;
  Entry& e = place_of(tag);
  const bool fresh = e.tag != tag || e.record.last_ns + silence_ns < now_ns;
  if (fresh) begin(e, tag, threat, s, now_ns);
  ThreatRecord& r = e.record;
  r.count++;
  r.last_ns = std::max(r.last_ns, now_ns);
  r.flow = s.flow;
  r.sport = s.sport;
  r.dport = s.dport;
  r.evidence_length = static_cast<uint8_t>(std::min(evidence.size(), evidence_bytes_max));
  std::copy_n(evidence.begin(), r.evidence_length, r.evidence);
  if (!std::exchange(e.untold, true)) untold_.push_back(static_cast<uint32_t>(&e - all()));
  return fresh;
}

void Incidents::report(RecordSink& sink) {
  if (untold_.empty()) return;
  batch_.clear();
  for (uint32_t place : untold_) {
    all()[place].untold = false;
    batch_.push_back(all()[place].record);
  }
  untold_.clear();
  sink.threats({reinterpret_cast<const uint8_t*>(batch_.data()), batch_.size() * sizeof batch_[0]});
}

}  // namespace vmoat
