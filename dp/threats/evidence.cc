// Writing addresses and numbers without allocation.
#include "threats/evidence.h"

#include <arpa/inet.h>

#include <algorithm>

namespace vmoat {

Evidence& Evidence::operator<<(std::string_view text) {
  const size_t room = std::min(text.size(), text_.size() - size_);
  std::copy_n(text.begin(), room, text_.begin() + static_cast<ptrdiff_t>(size_));
  size_ += room;
  return *this;
}

Evidence& Evidence::operator<<(const Address& address) {
  constexpr std::array<uint8_t, 12> mapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  const uint8_t* bytes = address.bytes();
  const bool v4 = std::equal(mapped.begin(), mapped.end(), bytes);
  std::array<char, INET6_ADDRSTRLEN> text;
  inet_ntop(v4 ? AF_INET : AF_INET6, v4 ? bytes + 12 : bytes, text.data(), text.size());
  return *this << std::string_view(text.data());
}

Evidence& Evidence::operator<<(const Mac& mac) {
  constexpr std::string_view digits = "0123456789abcdef";
  for (size_t i = 0; i < mac.size(); i++) {
    const std::array<char, 3> text = {':', digits[mac[i] >> 4], digits[mac[i] & 15]};
    *this << std::string_view(text.data(), text.size()).substr(i == 0 ? 1 : 0);
  }
  return *this;
}

Evidence& Evidence::operator<<(uint64_t number) {
  std::array<char, 20> text;
  const auto end = std::to_chars(text.data(), text.data() + text.size(), number).ptr;
  return *this << std::string_view(text.data(), static_cast<size_t>(end - text.data()));
}

Evidence& Evidence::anomalies(uint64_t bits) {
  for (bool first = true; bits != 0; bits &= bits - 1, first = false)
    *this << (first ? "" : " ") << vmoat::anomalies()[static_cast<size_t>(std::countr_zero(bits))].name;
  return *this;
}

}  // namespace vmoat
