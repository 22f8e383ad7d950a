// QuietSink: a data plane's sink that keeps nothing; a benchmark overrides what it counts.
#pragma once

#include <cstdio>

#include "engine/dataplane.h"

namespace vmoat::bench {

class QuietSink : public DataplaneSink {
 public:
  void flows(std::span<const uint8_t>) override {}
  void addresses(std::span<const uint8_t>) override {}
  void names(std::span<const uint8_t>) override {}
  void threats(std::span<const uint8_t>) override {}
  void nics(uint64_t, std::span<const TappedNic>) override {}
  void links(uint64_t, std::span<const LinkInfo>) override {}
  void segments(uint64_t, std::span<const SegmentInfo>) override {}
  void status(const DataplaneStatus&) override {}
  void log(std::string_view level, std::string_view text) override {
    std::fprintf(stderr, "%.*s: %.*s\n", static_cast<int>(level.size()), level.data(),
                 static_cast<int>(text.size()), text.data());
  }
};

}  // namespace vmoat::bench
