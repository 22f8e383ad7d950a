// Addresses as text protocols write them, in binary.
#pragma once

#include <arpa/inet.h>

#include <array>
#include <string_view>

#include "base/byte_reader.h"

namespace vmoat {

struct AddressOfText {
  std::array<uint8_t, 16> bytes{};
  size_t size = 0;  // 4, 16, or 0: no address
  [[nodiscard]] Bytes view() const { return {bytes.data(), size}; }
};

/** Dotted IPv4 or IPv6 in any of its forms (RFC 4291, 2.2); names are none. */
inline AddressOfText read_address(std::string_view text) {
  AddressOfText address;
  std::array<char, INET6_ADDRSTRLEN> terminated{};
  if (text.size() >= terminated.size()) return address;
  text.copy(terminated.data(), text.size());
  if (inet_pton(AF_INET, terminated.data(), address.bytes.data()) == 1) return address.size = 4, address;
  if (inet_pton(AF_INET6, terminated.data(), address.bytes.data()) == 1) address.size = 16;
  return address;
}

}  // namespace vmoat
