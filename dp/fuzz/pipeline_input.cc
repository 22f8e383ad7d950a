#include "fuzz/pipeline_input.h"

#include <algorithm>
#include <cstdlib>
#include <vector>

#include "engine/pipeline.h"

namespace vmoat {
namespace {

constexpr LinkType links[] = {LinkType::ethernet, LinkType::raw,  LinkType::cooked,  LinkType::null,
                              LinkType::ipv4,     LinkType::ipv6, LinkType::cooked2, LinkType::ethernet};
constexpr int64_t start_ns = 1'700'000'000'000'000'000;

void require(bool holds) {
  if (!holds) std::abort();
}

/** Holds every batch to its own header. */
class CheckedSink final : public RecordSink {
 public:
  void flows(Bytes batch) override {
    FlowBatchHeader header;
    require(batch.size() >= sizeof header);
    std::memcpy(&header, batch.data(), sizeof header);
    require(header.record_size == sizeof(FlowRecord));
    require(batch.size() == sizeof header + size_t{header.count} * sizeof(FlowRecord) + header.facts_bytes);
    for (uint32_t i = 0; i < header.count; i++) {
      FlowRecord record;
      std::memcpy(&record, batch.data() + sizeof header + i * sizeof record, sizeof record);
      check(record, header);
    }
  }
  void addresses(Bytes batch) override { require(batch.size() % sizeof(AddressRecord) == 0); }
  void names(Bytes batch) override { require(batch.size() % sizeof(NameRecord) == 0); }
  void threats(Bytes batch) override { require(batch.size() % sizeof(ThreatRecord) == 0); }

  [[nodiscard]] uint64_t packets() const { return packets_; }

 private:
  void check(const FlowRecord& record, const FlowBatchHeader& header) {
    require(uint64_t{record.facts_at} + record.facts_length <= header.facts_bytes);
    require(record.first_ns <= record.last_ns);
    require(record.delta_packets[0] <= record.packets[0] && record.delta_packets[1] <= record.packets[1]);
    packets_ += record.delta_packets[0] + record.delta_packets[1];
  }
  uint64_t packets_ = 0;
};

PipelineOptions small_tables() {
  PipelineOptions options;
  options.sessions_max = 64;
  options.openings_bytes_max = 1 << 20;
  options.facts_bytes_max = 1 << 16;
  options.fragments.bytes_max = 1 << 16;
  options.addresses_max = 64;
  options.tunnel_ids_max = 16;
  options.seed[0] = 1;  // the same input is the same run
  options.seed[1] = 2;
  return options;
}

}  // namespace

void run_pipeline(Bytes input) {
  CheckedSink sink;
  Pipeline pipeline(small_tables(), sink);
  ByteReader in(input);
  int64_t now_ns = start_ns;
  uint64_t frames = 0;
  while (in.left() >= 4) {
    const uint8_t flags = in.u8(), passed = in.u8();
    const size_t length = std::min<size_t>(in.be16(), in.left());
    const Bytes bytes = in.bytes(length);
    const std::vector<uint8_t> copy(bytes.begin(), bytes.end());
    now_ns += int64_t{passed} * passed * 62'500'000;
    pipeline.frame({.bytes = copy,
                    .time_ns = now_ns,
                    .length = static_cast<uint32_t>(copy.size()) + (flags & 0x80 ? 100 : 0),
                    .segment = static_cast<uint32_t>(flags >> 4 & 1),
                    .link = links[flags & 7]});
    frames++;
  }
  pipeline.finish();
  require(pipeline.counters().frames == frames);
  require(pipeline.sessions_open() == 0);
}

}  // namespace vmoat
