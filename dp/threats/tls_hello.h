// The front of a ServerHello (RFC 5246, 7.4.1.3; RFC 8446, 4.1.3): what the server has chosen.
#pragma once

#include "threats/content/messages.h"

namespace vmoat {

struct ServerChoice {
  bool found = false;
  uint16_t version = 0;
  uint16_t cipher = 0;
};

/** Of a handshake record that begins with a ServerHello; SSL 2's is `version` 2 and has no cipher here. */
inline ServerChoice server_choice(const TlsRecord& record) {
  if (record.version == 2) return {true, 2, 0};
  constexpr uint8_t handshake = 22, server_hello = 2;
  if (record.type != handshake || record.from_client || record.encrypted) return {};
  ByteReader in(record.body);
  if (in.u8() != server_hello) return {};
  in.be24();
  const uint16_t version = in.be16();
  in.skip(32);
  in.skip(in.u8());
  const uint16_t cipher = in.be16();
  return {in.ok(), version, cipher};
}

}  // namespace vmoat
