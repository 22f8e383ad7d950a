// AddressGroups: which groups cover an address. Ranges of any kind, overlapping at will, are cut into pieces
// that do not overlap; each piece knows all of its groups.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "parse/packet.h"

namespace vmoat {

/** An address in an order in which IPv4 stands by itself, so that ::/0 covers none of it. */
struct AddressKey {
  uint8_t family = 0;  // 4, 6
  std::array<uint8_t, 16> bytes{};

  auto operator<=>(const AddressKey&) const = default;
  static AddressKey of(const Address& address);
  [[nodiscard]] Address address() const { return Address::v6(bytes.data()); }  // IPv4 is mapped in `bytes`
};

/** Both ends belong to it; both are of one family. */
struct AddressRange {
  AddressKey first, last;
};

/** Reads `10.0.0.1`, `10.0.0.0/8`, `10.0.0.1-10.0.0.9`, `2001:db8::/32` …; bits behind a prefix mean nothing.
 */
Result<AddressRange> read_address_range(std::string_view text);

class AddressGroups {
 public:
  struct Entry {
    AddressRange range;
    uint32_t group = 0;
    uint32_t position = 0;  // in the group's list, for what is said of it
  };

  AddressGroups() = default;
  /** Fails where more groups than policy_limits::groups_per_end cover one address. */
  static Result<AddressGroups> make(std::span<const Entry> entries);
  /** The number of the set of groups that cover an address; 0 is the empty one. */
  [[nodiscard]] uint32_t set_covering(const Address& address) const;
  /** Ascending. */
  [[nodiscard]] std::span<const uint32_t> groups_of(uint32_t set) const { return sets_[set]; }
  [[nodiscard]] size_t sets() const { return sets_.size(); }

 private:
  std::vector<AddressKey> starts_;  // ascending; each piece reaches to the next one
  std::vector<uint32_t> set_of_;    // of each piece: index in sets_
  std::vector<std::vector<uint32_t>> sets_ = {{}};
};

}  // namespace vmoat
