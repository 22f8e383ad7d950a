// Reading names.
#include "apps/dns_name.h"

#include <algorithm>

#include "apps/text.h"

namespace vmoat {
namespace {

constexpr int pointers_max = 16;

bool is_netbios_label(std::string_view label) {
  return label.size() == 32 &&
         std::all_of(label.begin(), label.end(), [](char c) { return c >= 'A' && c <= 'P'; });
}

bool is_host_character(char c) {
  return is_letter(c) || is_digit(c) || c == '-' || c == '_';
}

bool add_label(DnsName& name, std::string_view label) {
  if (name.size + label.size() + 1 > DnsName::bytes_max) return false;
  if (name.labels == 0) name.netbios = is_netbios_label(label);
  name.is_host = name.is_host && std::all_of(label.begin(), label.end(), is_host_character);
  if (name.labels++ > 0) name.text[name.size++] = '.';
  std::copy(label.begin(), label.end(), name.text.begin() + static_cast<ptrdiff_t>(name.size));
  name.size += label.size();
  return true;
}

}  // namespace

void DnsName::to_lower() {
  std::transform(text.begin(), text.begin() + static_cast<ptrdiff_t>(size), text.begin(), lower);
}

bool read_dns_name(Bytes message, ByteReader& in, DnsName& name) {
  ByteReader at = in;
  bool jumped = false;
  for (int pointers = 0;;) {
    const size_t here = at.offset();
    const uint8_t length = at.u8();
    if (!at.ok()) return false;
    if ((length & 0xc0) == 0xc0) {
      const size_t target = static_cast<size_t>(length & 0x3f) << 8 | at.u8();
      if (!at.ok() || target >= here || target < dns_header_bytes || ++pointers > pointers_max) return false;
      if (!jumped) in = at;
      jumped = true;
      at = ByteReader(message);
      at.skip(target);
      continue;
    }
    if (length > 63) return false;
    if (length == 0) break;
    const std::string_view label = at.text(length);
    if (!at.ok() || !add_label(name, label)) return false;
  }
  if (!jumped) in = at;
  return true;
}

}  // namespace vmoat
