// What groups say of their members in protect, beside rules: one group's word, and the words of all groups of
// an end together.
#pragma once

#include <cstdint>
#include <vector>

#include "base/result.h"
#include "policy/tables.h"

namespace vmoat {

struct FailSafePort {
  uint8_t proto = 0;  // TCP or UDP
  uint16_t port = 0;
  auto operator<=>(const FailSafePort&) const = default;
};

struct GroupProtection {
  bool fails_closed = false;
  std::vector<FailSafePort> fail_safe_ports;
  OwnAddresses own_addresses = OwnAddresses::unsaid;
  bool may_serve_dhcp = false, may_route = false;
  OtherFrames other_frames = OtherFrames::unsaid;
  uint32_t opening_frames = 0, opening_bytes = 0;  // 0: unsaid
};

/** Ports and services add up; of the rest the strictest that is said counts. */
struct EndProtection : GroupProtection {
  void add(const GroupProtection& group);
  [[nodiscard]] OwnAddresses whose_addresses() const {
    return own_addresses == OwnAddresses::unsaid ? OwnAddresses::learned : own_addresses;
  }
  [[nodiscard]] bool passes_other_frames() const { return other_frames == OtherFrames::pass; }
  /** Of a flow, at each NIC, while rules hang on its application. */
  [[nodiscard]] uint32_t frames_passed() const { return opening_frames == 0 ? 32 : opening_frames; }
  [[nodiscard]] uint32_t bytes_passed() const { return opening_bytes == 0 ? 65536 : opening_bytes; }
};

/** An error begins with the field: `failSafePorts[0]: …`. */
Result<GroupProtection> read_protection(const PolicyGroup& group);

}  // namespace vmoat
