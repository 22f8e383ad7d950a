// The little cryptography that recognisers need: fingerprints' digests, and the keys of QUIC's first packets,
// which anybody on the way can derive. Done by Mbed TLS.
#pragma once

#include <array>
#include <string_view>

#include "base/byte_reader.h"

namespace vmoat {

/** Lower-case hexadecimal digits of a digest, without a terminator. */
std::array<char, 32> md5_hex(std::string_view text);
std::array<char, 64> sha256_hex(std::string_view text);

/** Keys of one direction of QUIC's Initial packets (RFC 9001, 5.2): AEAD key and nonce, header protection. */
struct QuicKeys {
  std::array<uint8_t, 16> key{};
  std::array<uint8_t, 12> iv{};
  std::array<uint8_t, 16> hp{};
};

/** The client's keys. `label` is "quic" or "quicv2". */
QuicKeys quic_client_keys(Bytes salt, Bytes connection_id, std::string_view label);
/** The mask of header protection for a sample of 16 bytes (RFC 9001, 5.4.3). */
std::array<uint8_t, 16> quic_mask(const QuicKeys& keys, Bytes sample);
/**
 * Opens a packet with AES-128-GCM: `body` is cipher text and tag of 16 bytes, `plain` has room for all of it
 * but the tag. False where it is not authentic.
 */
bool quic_open(const QuicKeys& keys, uint64_t packet_number, Bytes header, Bytes body, uint8_t* plain);

}  // namespace vmoat
