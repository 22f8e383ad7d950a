// FlowBatch: header, records and facts area in one piece.
#include "report/flow_batch.h"

#include <cstring>

namespace vmoat {

void FlowBatch::add(FlowRecord record, Bytes facts) {
  record.facts_at = static_cast<uint32_t>(facts_.size());
  record.facts_length = static_cast<uint32_t>(facts.size());
  facts_.insert(facts_.end(), facts.begin(), facts.end());
  const auto* raw = reinterpret_cast<const uint8_t*>(&record);
  bytes_.insert(bytes_.end(), raw, raw + sizeof record);
  count_++;
}

Bytes FlowBatch::finish() {
  const FlowBatchHeader header = {.record_size = sizeof(FlowRecord),
                                  .count = count_,
                                  .facts_bytes = static_cast<uint32_t>(facts_.size()),
                                  .number = 0};
  std::memcpy(bytes_.data(), &header, sizeof header);
  bytes_.insert(bytes_.end(), facts_.begin(), facts_.end());
  return bytes_;
}

void FlowBatch::clear() {
  bytes_.resize(sizeof(FlowBatchHeader));
  facts_.clear();
  count_ = 0;
}

}  // namespace vmoat
