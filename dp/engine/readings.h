// Readings: TCP flows whose clients are read to the end, each byte of what they say once and in order.
#pragma once

#include <array>
#include <vector>

#include "apps/application.h"
#include "base/arena.h"
#include "contract/kernel.h"
#include "session/stream_log.h"

namespace vmoat {

/** One thread's. A reading is named by a number, 0 = none. */
class Readings {
 public:
  /** Whoever reads on is asked from the first byte on, for what the flow is may not be known yet. */
  static constexpr size_t readers_max = 2;
  /** Less content is cheaper read than told to the kernel, but for what comes behind it. */
  static constexpr uint32_t content_bytes_min = 1u << 17;

  explicit Readings(size_t bytes_max);

  /** `next`: sequence number of the first byte; `slot`: of the NIC whose share it takes. 0: no memory, or
   * none for that one. */
  uint32_t begin(uint32_t next, uint16_t slot);
  void end(uint32_t reading);
  enum class Read : uint8_t {
    yes,
    early,   // what comes before it is missing: it was not read
    other,   // says again what was read, but something else
    unknown  // says again what nobody can compare any more, or nobody need have: one byte before what is due
  };
  /** What was read before is compared, as far as it had to be read, and passed over. */
  Read read(uint32_t reading, uint32_t seq, Bytes said);
  /** Up to where what is said was read, or need not be, and what comes behind. */
  [[nodiscard]] vmoat_content content(uint32_t reading) const { return at(reading).content; }
  /** Whether all that was read is of this application (registry number + 1). */
  [[nodiscard]] bool is_still(uint32_t reading, uint16_t application) const;

 private:
  struct Reading {
    uint32_t next;
    vmoat_content content;
    uint32_t over;  // a bit for each reader: it was something else
    std::array<StreamMemory, readers_max> memory;
    StreamLog::Log log;
  };
  Read compare(const Reading& reading, uint32_t seq, Bytes again) const;
  void read_news(Reading& reading, Bytes said);
  void remember(Reading& reading, uint32_t seq, Bytes said);
  [[nodiscard]] Reading& at(uint32_t reading) const;
  void pass_content(Reading& reading) const;

  Arena arena_;
  StreamLog logs_;
  std::array<std::vector<Bytes>, readers_max> read_;  // of one frame, by each reader
  std::vector<uint16_t> readers_;  // applications that are read on, their registry numbers + 1
};

}  // namespace vmoat
