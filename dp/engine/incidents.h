// Incidents: what threats raised, one entry per threat, NIC, source and destination, until it is told. A
// table of fixed size: a flood of incidents costs records of the oldest, and that is counted.
#pragma once

#include <vector>

#include "base/clock.h"
#include "base/region.h"
#include "engine/pipeline.h"
#include "threats/threat.h"

namespace vmoat {

class Incidents {
 public:
  static constexpr uint32_t places = 4096, ways = 8;
  static constexpr int64_t silence_ns = 60 * ns_per_s;  // then the next is another incident

  /** Ids count up from `first_id` by `id_step`. */
  Incidents(SipHash hash, uint64_t first_id, uint64_t id_step);

  /** True where this is a new incident. */
  bool add(uint8_t threat, const Subject& subject, std::string_view evidence, int64_t now_ns);
  /** Tells every incident that something was added to since the last time. */
  void report(RecordSink& sink);
  /** Incidents that had to go before they were told. */
  [[nodiscard]] uint64_t lost() const { return lost_; }

 private:
  struct Entry {
    uint64_t tag;  // 0: an empty place
    bool untold;
    ThreatRecord record;
  };
  [[nodiscard]] Entry* all() const { return reinterpret_cast<Entry*>(memory_.data()); }
  Entry& place_of(uint64_t tag);
  void begin(Entry& entry, uint64_t tag, uint8_t threat, const Subject& subject, int64_t now_ns);

  SipHash hash_;
  Region memory_;
  std::vector<uint32_t> untold_;
  std::vector<ThreatRecord> batch_;
  uint64_t next_id_, id_step_;
  uint64_t lost_ = 0;
};

}  // namespace vmoat
