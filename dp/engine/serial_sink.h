// SerialSink: lets the data plane's threads into the user's sink one at a time.
#pragma once

#include <mutex>

#include "engine/dataplane.h"
#include "engine/pipeline.h"

namespace vmoat {

class SerialSink final : public DataplaneSink, public RecordSink {
 public:
  explicit SerialSink(DataplaneSink& to) : to_(to) {}

  void flows(Bytes batch) override {
    const std::lock_guard lock(mutex_);
    to_.flows(batch);
  }
  void addresses(Bytes batch) override {
    const std::lock_guard lock(mutex_);
    to_.addresses(batch);
  }
  void names(Bytes batch) override {
    const std::lock_guard lock(mutex_);
    to_.names(batch);
  }
  void threats(Bytes batch) override {
    const std::lock_guard lock(mutex_);
    to_.threats(batch);
  }
  void nics(uint64_t generation, std::span<const TappedNic> table) override {
    const std::lock_guard lock(mutex_);
    to_.nics(generation, table);
  }
  void links(uint64_t generation, std::span<const LinkInfo> table) override {
    const std::lock_guard lock(mutex_);
    to_.links(generation, table);
  }
  void segments(uint64_t generation, std::span<const SegmentInfo> table) override {
    const std::lock_guard lock(mutex_);
    to_.segments(generation, table);
  }
  void status(const DataplaneStatus& status) override {
    const std::lock_guard lock(mutex_);
    to_.status(status);
  }
  void log(std::string_view level, std::string_view text) override {
    const std::lock_guard lock(mutex_);
    to_.log(level, text);
  }

 private:
  DataplaneSink& to_;
  std::mutex mutex_;
};

}  // namespace vmoat
