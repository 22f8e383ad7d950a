// Flow batches: header, records, facts in their places.
#include "report/flow_batch.h"

#include <doctest/doctest.h>

#include <cstring>

namespace vmoat {

TEST_CASE("a batch is header, records, facts, and can be filled again") {
  FlowBatch batch;
  const uint8_t facts[] = {1, 0, 1, 0, 'x'};
  for (int round = 0; round < 2; round++) {
    CHECK(batch.empty());
    batch.add({.id = 7}, {});
    batch.add({.id = 8}, facts);
    const Bytes body = batch.finish();
    FlowBatchHeader header;
    FlowRecord second;
    std::memcpy(&header, body.data(), sizeof header);
    std::memcpy(&second, body.data() + sizeof header + sizeof(FlowRecord), sizeof second);
    CHECK(header.count == 2);
    CHECK(header.record_size == sizeof(FlowRecord));
    CHECK(body.size() == sizeof header + 2 * sizeof(FlowRecord) + sizeof facts);
    CHECK(second.id == 8);
    CHECK(second.facts_at == 0);
    CHECK(second.facts_length == sizeof facts);
    batch.clear();
  }
}

TEST_CASE("a batch is full at its bound") {
  FlowBatch batch;
  for (uint32_t i = 0; i < FlowBatch::records_max; i++) {
    CHECK_FALSE(batch.full());
    batch.add({}, {});
  }
  CHECK(batch.full());
}

}  // namespace vmoat
