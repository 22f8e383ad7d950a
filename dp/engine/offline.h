// Offline: runs a capture file through a pipeline of its own and says what became of it.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "base/result.h"
#include "engine/pipeline.h"

namespace vmoat {

/** Where a capture file stops being readable, and why. */
struct Broken {
  uint64_t offset;  // bytes from the beginning of the (uncompressed) file
  std::string reason;
};

struct OfflineSummary {
  uint64_t frames = 0;        // packet records of the file
  uint64_t flows = 0;         // records delivered
  uint64_t bytes = 0;         // of the (uncompressed) file, read so far
  PipelineCounters counters;  // unparsed, anomalies[64], threats[64] and what was refused for want of room
  std::optional<Broken> broken;
};

struct OfflineOptions {
  PipelineOptions pipeline;
  /** Called about every 64 MiB of the file: bytes read, bytes in all (0 = unknown, as for .gz). May be empty.
   */
  std::function<void(uint64_t done, uint64_t total)> progress;
  /** Asked about every 64 MiB: true ends the run early. May be empty. */
  std::function<bool()> stop;
};

/**
 * One record per flow reaches `batch` (a FlowBatchHeader with records and facts, valid during the call),
 * at the flow's end or the file's. An Error only where the file cannot be opened or is no capture at all
 * (the reason says which); a file that breaks later is in `broken`, after all flows were delivered.
 */
Result<OfflineSummary> run_offline(const std::string& path, const OfflineOptions& options,
                                   const std::function<void(Bytes batch)>& batch);

}  // namespace vmoat
