#include "apps/proxy_preface.h"

#include "apps/text.h"
#include "base/address_text.h"

namespace vmoat {
namespace {

constexpr std::string_view begin_v1 = "PROXY ";
constexpr std::string_view begin_v2{"\r\n\r\n\0\r\nQUIT\n", 12};

bool is_port(std::string_view text) {
  return !text.empty() && text.size() <= 5 && std::all_of(text.begin(), text.end(), is_digit);
}

/** "TCP4 198.51.100.7 192.0.2.1 40000 80": section 2.1; behind UNKNOWN may stand anything. */
ProxyPreface read_line(std::string_view line, size_t bytes) {
  ProxyPreface preface{.claim = Claim::sure, .bytes = bytes};
  const std::string_view family = take_until(line, ' ');
  if (family == "UNKNOWN") return preface;
  const std::string_view client = take_until(line, ' '), server = take_until(line, ' ');
  const std::string_view port = take_until(line, ' ');
  const size_t size = family == "TCP4" ? 4 : family == "TCP6" ? 16 : 0;
  const bool valid = size != 0 && read_address(client).size == size && read_address(server).size == size &&
                     is_port(port) && is_port(line);
  if (!valid) return {};
  client.copy(preface.text.data(), preface.text.size() - 1);
  return preface;
}

ProxyPreface read_v1(Bytes bytes) {
  constexpr size_t bytes_max = 107;  // with CRLF
  std::string_view text = as_text(bytes).substr(0, bytes_max);
  const size_t end = text.find("\r\n");
  if (end == text.npos) return {.claim = text.size() < bytes_max ? Claim::more : Claim::no};
  return read_line(text.substr(begin_v1.size(), end - begin_v1.size()), end + 2);
}

/** Section 2.2: signature, version and command, family and transport, length, addresses, and what else there
 * is. */
ProxyPreface read_v2(Bytes bytes) {
  constexpr uint8_t local = 0x20, proxied = 0x21;
  ByteReader in(bytes);
  in.skip(begin_v2.size());
  const uint8_t command = in.u8(), family = in.u8();
  const size_t size = in.be16(), whole = in.offset() + size;
  if (!in.ok()) return {.claim = Claim::more};
  if ((command != local && command != proxied) || whole > opening_bytes_max) return {};
  const Bytes rest = in.bytes(size);
  if (!in.ok()) return {.claim = Claim::more};
  ProxyPreface preface{.claim = Claim::sure, .bytes = whole};
  const bool v4 = family >> 4 == 1, v6 = family >> 4 == 2;
  const bool told = command == proxied && ((v4 && size >= 12) || (v6 && size >= 36));
  if (told) inet_ntop(v4 ? AF_INET : AF_INET6, rest.data(), preface.text.data(), preface.text.size());
  return preface;
}

}  // namespace

ProxyPreface read_proxy_preface(Bytes client) {
  if (client.empty()) return {};
  const bool v2 = client[0] == static_cast<uint8_t>(begin_v2[0]);
  const Claim claim = begins(client, v2 ? begin_v2 : begin_v1);
  if (claim != Claim::sure) return {.claim = claim};
  return v2 ? read_v2(client) : read_v1(client);
}

}  // namespace vmoat
