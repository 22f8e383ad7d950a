// DnsName: a domain name out of a DNS message (RFC 1035, 3.1 and 4.1.4), bounded.
#pragma once

#include <array>
#include <string_view>

#include "base/byte_reader.h"

namespace vmoat {

constexpr size_t dns_header_bytes = 12;

/** A name as text, dots between labels; bytes that are no host-name characters are kept as they are. */
struct DnsName {
  static constexpr size_t bytes_max = 255;

  std::array<char, bytes_max + 1> text;
  size_t size = 0;
  int labels = 0;
  bool netbios = false;  // first-level encoding: 32 letters A–P (RFC 1001, 14.1)
  bool is_host = true;   // letters, digits, hyphens and underscores in every label

  [[nodiscard]] std::string_view view() const { return {text.data(), size}; }
  /** Names are the same in either case (RFC 4343). */
  void to_lower();
};

/**
 * Reads a name at `in`, a reader of the whole message, and leaves `in` behind it. Pointers must lead
 * backwards, at most 16 of them. False where it does not read.
 */
bool read_dns_name(Bytes message, ByteReader& in, DnsName& name);

}  // namespace vmoat
