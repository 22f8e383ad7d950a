// Evidence: text that proves a threat, put together in a fixed buffer.
#pragma once

#include <array>
#include <charconv>
#include <string_view>

#include "parse/packet.h"

namespace vmoat {

constexpr size_t evidence_bytes_max = 255;

/** What does not fit is cut. */
class Evidence {
 public:
  Evidence& operator<<(std::string_view text);
  Evidence& operator<<(const Address& address);
  Evidence& operator<<(const Mac& mac);
  Evidence& operator<<(uint64_t number);
  Evidence& operator<<(uint32_t number) { return *this << uint64_t{number}; }
  Evidence& operator<<(uint16_t number) { return *this << uint64_t{number}; }
  Evidence& operator<<(uint8_t number) { return *this << uint64_t{number}; }
  Evidence& operator<<(const char* text) { return *this << std::string_view(text); }
  /** The names of anomalies, with blanks between. */
  Evidence& anomalies(uint64_t bits);

  operator std::string_view() const { return {text_.data(), size_}; }  // NOLINT: it stands for its text

 private:
  std::array<char, evidence_bytes_max> text_;
  size_t size_ = 0;
};

}  // namespace vmoat
