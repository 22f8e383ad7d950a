// The handshake messages of TLS that are sent in clear (RFC 8446, 4; RFC 5246, 7.4): hellos and certificate.
// Shared by tls, quic and the protocols that switch to TLS.
#pragma once

#include "apps/application.h"

namespace vmoat {

enum TlsHandshake : uint8_t { tls_client_hello = 1, tls_server_hello = 2, tls_certificate = 11 };

/** 0x0300 (SSLv3) to 0x0304 (TLS 1.3). */
constexpr bool is_tls_version(uint16_t version) {
  return version >= 0x0300 && version <= 0x0304;
}
/** Values that clients sprinkle in to keep servers tolerant (RFC 8701). */
constexpr bool is_grease(uint16_t value) {
  return (value & 0x0f0f) == 0x0a0a && value >> 8 == (value & 0xff);
}

/** What a client's hello says; views into its bytes, lists as they stand on the wire, without their lengths.
 */
struct ClientHello {
  uint16_t legacy_version = 0;
  uint16_t version = 0;  // the highest that is offered
  Bytes ciphers;
  Bytes extensions;
  Bytes groups, point_formats, signatures;
  std::string_view sni, alpn;  // the first ALPN
  bool has_sni = false, has_ech = false;
};
struct ServerHello {
  uint16_t version = 0;
  uint16_t cipher = 0;
  std::string_view alpn;
};

/** Reads the body of a hello as far as it is there; false when its form is wrong. */
bool read_client_hello(Bytes body, ClientHello& hello);
bool read_server_hello(Bytes body, ServerHello& hello);

/** Calls `each(type, body)` for the extensions that are whole. */
template <class Each>
void each_extension(Bytes extensions, Each each) {
  ByteReader in(extensions);
  while (in.left() >= 4) {
    const uint16_t type = in.be16();
    const Bytes body = in.bytes(in.be16());
    if (in.ok()) each(type, body);
  }
}

/** Facts of a client's hello; `whole` as without its end it has no fingerprint. `over` as for ja4_of. */
void note_client_hello(const ClientHello& hello, bool whole, char over, Findings& findings);
void note_server_hello(const ServerHello& hello, Findings& findings);
void note_tls_version(uint16_t version, Findings& findings);
/** The layer that an application-layer protocol (RFC 7301) names, a registry name; empty when none. */
std::string_view layer_of_alpn(std::string_view alpn);

}  // namespace vmoat
