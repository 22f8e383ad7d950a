// Fallback: shows what no recogniser of ours knows to nDPI. Its flows are large: they live in a fixed number
// of slots, for a few packets each.
#pragma once

#include <array>
#include <memory>
#include <vector>

#include "apps/ndpi.h"
#include "base/region.h"
#include "session/session.h"

namespace vmoat {

class Fallback {
 public:
  static constexpr uint32_t slots_standard = 4096;
  static constexpr uint8_t packets_max = 8;          // with payload, of one flow
  static constexpr size_t payload_bytes_max = 1400;  // of one packet; more is shown as several

  explicit Fallback(std::shared_ptr<const Ndpi> library, uint32_t slots = slots_standard);
  ~Fallback();

  /** A slot for a session, 0 where all are taken. */
  uint32_t begin(const Session& s);
  /** What the session's end says next. The number of its protocol, or 0; `is_over()` then says whether to go
   * on. */
  uint16_t show(uint32_t slot, const Session& s, int sender, Bytes payload);
  [[nodiscard]] bool is_over(uint32_t slot) const { return slots_[slot].packets >= packets_max; }
  void end(uint32_t slot);

  [[nodiscard]] const Ndpi& library() const { return *library_; }
  [[nodiscard]] size_t used() const { return slots_.size() - 1 - free_.size(); }

 private:
  struct Slot {
    uint32_t next[2];  // TCP sequence numbers, by end
    uint8_t packets;
    bool taken;
  };
  [[nodiscard]] void* flow(uint32_t slot) const { return flows_.data() + slot * library_->flow_bytes(); }
  uint16_t show_packet(uint32_t slot, const Session& s, int sender, uint8_t tcp_flags, Bytes payload);

  std::shared_ptr<const Ndpi> library_;
  Ndpi::Detector detector_;
  Region flows_;
  std::vector<Slot> slots_;
  std::vector<uint32_t> free_;
  std::array<uint8_t, 40 + 20 + payload_bytes_max> packet_{};
};

}  // namespace vmoat
