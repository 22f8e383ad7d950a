#include "apps/fingerprint.h"

#include <algorithm>
#include <charconv>

#include "apps/crypto.h"

namespace vmoat {

namespace {

constexpr size_t values_max = 256;  // of one list; a hello with more is cut there
constexpr std::string_view hex_digits = "0123456789abcdef";
constexpr uint16_t sni_extension = 0, alpn_extension = 16;

/** A list of 16-bit values without GREASE. */
struct Values {
  std::array<uint16_t, values_max> value;
  size_t count = 0;
  void add(uint16_t v) {
    if (!is_grease(v) && count < value.size()) value[count++] = v;
  }
  void sort() { std::sort(value.begin(), value.begin() + static_cast<ptrdiff_t>(count)); }
};

Values values_of(Bytes list) {
  Values values;
  ByteReader in(list);
  while (in.left() >= 2) values.add(in.be16());
  return values;
}

Values extensions_of(const ClientHello& hello) {
  Values values;
  each_extension(hello.extensions, [&](uint16_t type, Bytes) { values.add(type); });
  return values;
}

/** Text of at most four lists of values. */
class Text {
 public:
  void add(char c) {
    if (used_ < text_.size()) text_[used_++] = c;
  }
  void add_decimals(const Values& values) {
    for (size_t i = 0; i < values.count; i++) {
      if (i > 0) add('-');
      add_decimal(values.value[i]);
    }
  }
  void add_hex(const Values& values) {
    for (size_t i = 0; i < values.count; i++) {
      if (i > 0) add(',');
      for (int shift = 12; shift >= 0; shift -= 4) add(hex_digits[values.value[i] >> shift & 15]);
    }
  }
  [[nodiscard]] std::string_view view() const { return {text_.data(), used_}; }

 private:
  void add_decimal(unsigned value) {
    std::array<char, 5> digits;
    const auto end = std::to_chars(digits.begin(), digits.end(), value).ptr;
    for (const char* c = digits.begin(); c != end; c++) add(*c);
  }
  std::array<char, 4 * 6 * values_max + 8> text_;
  size_t used_ = 0;
};

Values bytes_of(Bytes list) {
  Values values;
  for (uint8_t byte : list) values.add(byte);
  return values;
}

std::string_view version_of(const ClientHello& hello) {
  constexpr std::string_view names[] = {"s3", "10", "11", "12", "13"};
  return is_tls_version(hello.version) ? names[hello.version - 0x0300] : "00";
}

bool is_alphanumeric(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/** First and last character of the first ALPN value, of its hexadecimal digits where either is no letter or
 * digit. */
std::array<char, 2> alpn_ends(std::string_view alpn) {
  if (alpn.empty()) return {'0', '0'};
  const char first = alpn.front(), last = alpn.back();
  if (is_alphanumeric(first) && is_alphanumeric(last)) return {first, last};
  return {hex_digits[static_cast<uint8_t>(first) >> 4], hex_digits[static_cast<uint8_t>(last) & 15]};
}

void write_count(size_t count, char* at) {
  const size_t shown = std::min<size_t>(count, 99);
  at[0] = static_cast<char>('0' + shown / 10);
  at[1] = static_cast<char>('0' + shown % 10);
}

/** The first 12 digits of a list's SHA-256, zeros for an empty list. */
void write_hash(std::string_view text, bool empty, char* at) {
  const auto digest = sha256_hex(text);
  for (size_t i = 0; i < 12; i++) at[i] = empty ? '0' : digest[i];
}

}  // namespace

Ja3 ja3_of(const ClientHello& hello) {
  Text text;
  Values version;
  version.add(hello.legacy_version);
  bool first = true;
  for (const Values& list : {version, values_of(hello.ciphers), extensions_of(hello), values_of(hello.groups),
                             bytes_of(hello.point_formats)}) {
    if (!first) text.add(',');
    first = false;
    text.add_decimals(list);
  }
  return md5_hex(text.view());
}

Ja4 ja4_of(const ClientHello& hello, char over) {
  Values ciphers = values_of(hello.ciphers), extensions = extensions_of(hello), hashed;
  for (size_t i = 0; i < extensions.count; i++) {
    const uint16_t type = extensions.value[i];
    if (type != sni_extension && type != alpn_extension) hashed.add(type);
  }
  ciphers.sort();
  hashed.sort();
  Ja4 ja4{};
  ja4[0] = over;
  version_of(hello).copy(&ja4[1], 2);
  ja4[3] = hello.has_sni ? 'd' : 'i';
  write_count(ciphers.count, &ja4[4]);
  write_count(extensions.count, &ja4[6]);
  const auto ends = alpn_ends(hello.alpn);
  ja4[8] = ends[0];
  ja4[9] = ends[1];
  ja4[10] = ja4[23] = '_';
  Text text;
  text.add_hex(ciphers);
  write_hash(text.view(), ciphers.count == 0, &ja4[11]);
  Text rest;
  rest.add_hex(hashed);
  const Values signatures = values_of(hello.signatures);
  if (signatures.count > 0) rest.add('_');
  rest.add_hex(signatures);
  write_hash(rest.view(), hashed.count == 0, &ja4[24]);
  return ja4;
}

}  // namespace vmoat
