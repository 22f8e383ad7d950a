// Mailbox: what the live data plane says, kept until JavaScript takes it. Bounded: bulk bodies by bytes
// (then dropped and counted), of each table only the newest is kept, of log lines the first of a burst.
// Knows nothing of JavaScript.
#pragma once

#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "engine/dataplane.h"

namespace vmoat::binding {

template <class Row>
struct Table {
  uint64_t generation;
  std::vector<Row> rows;
};

struct LogLine {
  std::string level, text;
};

/** All that came since the last take(). */
struct Mail {
  std::optional<Table<LinkInfo>> links;
  std::optional<Table<SegmentInfo>> segments;
  std::optional<Table<TappedNic>> nics;
  std::vector<std::vector<uint8_t>> addresses;  // bodies of `addresses` messages
  std::vector<std::vector<uint8_t>> flows;      // bodies of `flows` messages
  std::vector<std::vector<uint8_t>> names;      // bodies of `names` messages
  std::vector<std::vector<uint8_t>> threats;    // bodies of `threats` messages
  std::optional<DataplaneStatus> status;
  std::vector<LogLine> log;
};

class Mailbox final : public DataplaneSink {
 public:
  /** `ready` is called, on the data plane's threads, when mail comes into the empty box. */
  explicit Mailbox(std::function<void()> ready) : ready_(std::move(ready)) {}

  Mail take();
  /** Bulk records dropped for want of room. */
  [[nodiscard]] uint64_t lost_records();

  void flows(std::span<const uint8_t> batch) override;
  void addresses(std::span<const uint8_t> batch) override;
  void names(std::span<const uint8_t> batch) override;
  void threats(std::span<const uint8_t> batch) override;
  void nics(uint64_t generation, std::span<const TappedNic> nics) override;
  void links(uint64_t generation, std::span<const LinkInfo> links) override;
  void segments(uint64_t generation, std::span<const SegmentInfo> segments) override;
  void status(const DataplaneStatus& status) override;
  void log(std::string_view level, std::string_view text) override;

 private:
  template <class Change>
  void put(Change change);
  void put_bulk(std::span<const uint8_t> batch, size_t records,
                std::vector<std::vector<uint8_t>> Mail::* list);

  std::function<void()> ready_;
  std::mutex mutex_;
  Mail mail_;
  bool told_ = false;
  size_t bulk_bytes_ = 0;
  uint64_t lost_records_ = 0;
};

}  // namespace vmoat::binding
