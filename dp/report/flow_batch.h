// FlowBatch: collects flow records and their facts into one message body of records.h.
#pragma once

#include <vector>

#include "base/byte_reader.h"
#include "contract/records.h"

namespace vmoat {

class FlowBatch {
 public:
  static constexpr uint32_t records_max = 512;

  FlowBatch() { bytes_.reserve(sizeof(FlowBatchHeader) + records_max * sizeof(FlowRecord)); }

  /** Adds a record; its place in the facts area is written here. */
  void add(FlowRecord record, Bytes facts);
  [[nodiscard]] bool full() const { return count_ == records_max; }
  [[nodiscard]] bool empty() const { return count_ == 0; }
  /** The body of the message. Valid until `clear`. */
  Bytes finish();
  void clear();

 private:
  uint32_t count_ = 0;
  std::vector<uint8_t> bytes_ = std::vector<uint8_t>(sizeof(FlowBatchHeader));
  std::vector<uint8_t> facts_;
};

}  // namespace vmoat
