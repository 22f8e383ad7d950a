// Offline: a capture file through a pipeline, batch by batch.
#include "engine/offline.h"

#include <array>

#include "capture/capture_file.h"

namespace vmoat {

namespace {

constexpr uint64_t progress_bytes = 64 << 20;

/** Hands the pipeline's batches on and counts their records. */
class Delivery final : public RecordSink {
 public:
  explicit Delivery(const std::function<void(Bytes)>& batch) : batch_(batch) {}
  void flows(Bytes batch) override {
    FlowBatchHeader header;
    std::memcpy(&header, batch.data(), sizeof header);
    records += header.count;
    batch_(batch);
  }
  void addresses(Bytes) override {}
  void names(Bytes) override {}
  void threats(Bytes) override {}
  uint64_t records = 0;

 private:
  const std::function<void(Bytes)>& batch_;
};

/** Reads to the end, or until somebody says stop. */
void run(CaptureFile& file, Pipeline& pipeline, const OfflineOptions& options) {
  std::array<Frame, 64> frames;
  uint64_t next = progress_bytes;
  for (size_t count = file.read(frames); count > 0; count = file.read(frames)) {
    pipeline.frames(std::span(frames).first(count));
    if (file.offset() < next) continue;
    next = file.offset() + progress_bytes;
    if (options.progress) options.progress(file.offset(), file.size());
    if (options.stop && options.stop()) return;
  }
}

}  // namespace

Result<OfflineSummary> run_offline(const std::string& path, const OfflineOptions& options,
                                   const std::function<void(Bytes batch)>& batch) {
  auto file = open_capture(path);
  if (!file) return std::move(file.error());
  Delivery delivery(batch);
  PipelineOptions with = options.pipeline;
  with.addresses_max = 0;  // nobody asks for them
  Pipeline pipeline(with, delivery);
  run(**file, pipeline, options);
  pipeline.finish();
  OfflineSummary summary;
  summary.counters = pipeline.counters();
  summary.frames = summary.counters.frames;
  summary.flows = delivery.records;
  summary.bytes = (*file)->offset();
  if ((*file)->broken()) summary.broken = Broken{(*file)->broken()->offset, (*file)->broken()->reason};
  return summary;
}

}  // namespace vmoat
