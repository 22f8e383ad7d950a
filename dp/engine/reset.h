// Reset: the TCP resets that end a denied connection at both of its ends (RFC 9293, 3.10.7; RFC 5961, 3).
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "base/byte_reader.h"
#include "parse/packet.h"

namespace vmoat {

/** A frame without payload: Ethernet with at most two tags, IPv6, TCP. */
class ResetFrame {
 public:
  [[nodiscard]] Bytes bytes() const { return {bytes_.data(), size_}; }
  void put(Bytes bytes);
  void put16(uint16_t value);
  void put32(uint32_t value);
  [[nodiscard]] uint8_t* at(size_t offset) { return bytes_.data() + offset; }
  [[nodiscard]] size_t size() const { return size_; }

 private:
  std::array<uint8_t, 14 + 8 + 40 + 20> bytes_;
  size_t size_ = 0;
};

/** Goes back to who sent this segment: what it acknowledges is acceptable to it, whatever it is. */
std::optional<ResetFrame> reset_to_sender(Bytes frame, const Packet& segment);
/** Goes on to whom it was for, in the segment's place. Nothing for a SYN: that end has no connection yet. */
std::optional<ResetFrame> reset_to_receiver(Bytes frame, const Packet& segment);

}  // namespace vmoat
