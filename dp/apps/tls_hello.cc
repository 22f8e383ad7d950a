#include "apps/tls_hello.h"

#include <algorithm>
#include <cstdio>

#include "apps/fingerprint.h"

namespace vmoat {

namespace {

enum Extension : uint16_t {
  server_name = 0,
  supported_groups = 10,
  ec_point_formats = 11,
  signature_algorithms = 13,
  alpn_protocols = 16,
  supported_versions = 43,
  encrypted_client_hello = 0xfe0d,
};

/** server_name: a list of {type, name}; type 0 is the host name (RFC 6066, 3). */
std::string_view read_sni(Bytes body) {
  ByteReader in(body);
  in.be16();
  const uint8_t type = in.u8();
  const std::string_view name = in.text(in.be16());
  return in.ok() && type == 0 ? name : std::string_view{};
}

/** application_layer_protocol_negotiation: the first protocol of the list (RFC 7301, 3.1). */
std::string_view read_alpn(Bytes body) {
  ByteReader in(body);
  in.be16();
  const std::string_view name = in.text(in.u8());
  return in.ok() ? name : std::string_view{};
}

/** The highest of a list of versions; GREASE and drafts are passed over. */
uint16_t highest_version(Bytes list) {
  ByteReader in(list);
  uint16_t best = 0;
  while (in.left() >= 2)
    if (const uint16_t version = in.be16(); is_tls_version(version)) best = std::max(best, version);
  return best;
}

/** A list behind its length of `length_bytes` (1 or 2), as much of it as is there. */
Bytes list_of(Bytes body, int length_bytes) {
  ByteReader in(body);
  const size_t length = length_bytes == 1 ? in.u8() : in.be16();
  return in.rest().first(std::min(length, in.left()));
}

void read_client_extension(uint16_t type, Bytes body, ClientHello& hello) {
  switch (type) {
    case server_name:
      hello.has_sni = true;
      hello.sni = read_sni(body);
      break;
    case supported_groups:
      hello.groups = list_of(body, 2);
      break;
    case ec_point_formats:
      hello.point_formats = list_of(body, 1);
      break;
    case signature_algorithms:
      hello.signatures = list_of(body, 2);
      break;
    case alpn_protocols:
      hello.alpn = read_alpn(body);
      break;
    case supported_versions:
      hello.version = std::max(hello.version, highest_version(list_of(body, 1)));
      break;
    case encrypted_client_hello:
      hello.has_ech = true;
      break;
    default:
      break;
  }
}

/** What both hellos begin with: version, random, session id. */
bool read_start(ByteReader& in, uint16_t& version) {
  version = in.be16();
  if (in.ok() && !is_tls_version(version)) return false;
  in.skip(32);
  const uint8_t session = in.u8();
  if (in.ok() && session > 32) return false;
  in.skip(session);
  return true;
}

}  // namespace

bool read_client_hello(Bytes body, ClientHello& hello) {
  ByteReader in(body);
  if (!read_start(in, hello.legacy_version)) return false;
  hello.version = hello.legacy_version;
  const uint16_t ciphers = in.be16();
  if (in.ok() && (ciphers == 0 || ciphers % 2 != 0)) return false;
  hello.ciphers = in.bytes(ciphers);
  const uint8_t compressions = in.u8();
  if (in.ok() && compressions == 0) return false;
  in.skip(compressions);
  if (in.left() < 2) return true;
  hello.extensions = list_of(in.rest(), 2);
  each_extension(hello.extensions, [&](uint16_t type, Bytes e) { read_client_extension(type, e, hello); });
  return true;
}

bool read_server_hello(Bytes body, ServerHello& hello) {
  ByteReader in(body);
  if (!read_start(in, hello.version)) return false;
  hello.cipher = in.be16();
  in.u8();
  if (in.left() < 2) return true;
  each_extension(list_of(in.rest(), 2), [&](uint16_t type, Bytes e) {
    if (type == alpn_protocols) hello.alpn = read_alpn(e);
    if (type == supported_versions) hello.version = std::max(hello.version, highest_version(e));
  });
  return true;
}

void note_tls_version(uint16_t version, Findings& findings) {
  if (version == 2) return findings.fact(Fact::tls_version, "SSLv2");
  if (version == 0x0300) return findings.fact(Fact::tls_version, "SSLv3");
  if (!is_tls_version(version)) return;
  const char text[] = {'1', '.', static_cast<char>('0' + (version - 0x0301))};
  findings.fact(Fact::tls_version, {text, sizeof text});
}

void note_client_hello(const ClientHello& hello, bool whole, char over, Findings& findings) {
  note_tls_version(hello.version, findings);
  if (!hello.sni.empty()) findings.fact(Fact::tls_sni, hello.sni);
  if (!hello.alpn.empty()) findings.fact(Fact::tls_alpn, hello.alpn);
  if (hello.has_ech) findings.fact(Fact::tls_ech, "outer");
  if (!whole) return;
  const Ja3 ja3 = ja3_of(hello);
  findings.fact(Fact::tls_ja3, {ja3.data(), ja3.size()});
  const Ja4 ja4 = ja4_of(hello, over);
  findings.fact(Fact::tls_ja4, {ja4.data(), ja4.size()});
}

void note_server_hello(const ServerHello& hello, Findings& findings) {
  note_tls_version(hello.version, findings);
  if (!hello.alpn.empty()) findings.fact(Fact::tls_alpn, hello.alpn);
  char text[7];
  std::snprintf(text, sizeof text, "0x%04x", hello.cipher);
  findings.fact(Fact::tls_cipher, {text, 6});
}

std::string_view layer_of_alpn(std::string_view alpn) {
  struct Entry {
    std::string_view alpn, layer;
  };
  constexpr Entry entries[] = {{"h2", "https"},   {"http/1.1", "https"}, {"http/1.0", "https"},
                               {"h3", "h3"},      {"dot", "dot"},        {"doq", "doq"},
                               {"imap", "imap"},  {"pop3", "pop3"},      {"ftp", "ftp"},
                               {"mqtt", "mqtt"},  {"irc", "irc"},        {"sip/2", "sip"},
                               {"sunrpc", "rpc"}, {"smb", "smb"},        {"postgresql", "postgresql"},
                               {"tds/8.0", "tds"}};
  for (const Entry& entry : entries)
    if (entry.alpn == alpn) return entry.layer;
  return alpn.starts_with("h3-") ? "h3" : std::string_view{};  // drafts of HTTP/3
}

}  // namespace vmoat
