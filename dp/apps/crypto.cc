#include "apps/crypto.h"

#include <mbedtls/aes.h>
#include <mbedtls/gcm.h>
#include <mbedtls/hkdf.h>
#include <mbedtls/md.h>

#include <cassert>

namespace vmoat {

namespace {

constexpr size_t hash_bytes = 32;
using Secret = std::array<uint8_t, hash_bytes>;

template <size_t digest_bytes>
std::array<char, 2 * digest_bytes> hex_digest(mbedtls_md_type_t type, std::string_view text) {
  std::array<uint8_t, digest_bytes> digest{};
  mbedtls_md(mbedtls_md_info_from_type(type), reinterpret_cast<const uint8_t*>(text.data()), text.size(),
             digest.data());
  constexpr std::string_view digits = "0123456789abcdef";
  std::array<char, 2 * digest_bytes> hex{};
  for (size_t i = 0; i < digest_bytes; i++) {
    hex[2 * i] = digits[digest[i] >> 4];
    hex[2 * i + 1] = digits[digest[i] & 15];
  }
  return hex;
}

/** HKDF-Expand-Label of TLS 1.3 with an empty context (RFC 8446, 7.1). */
template <size_t size>
void expand(const Secret& secret, std::string_view prefix, std::string_view label,
            std::array<uint8_t, size>& out) {
  constexpr std::string_view tls = "tls13 ";
  std::array<uint8_t, 32> info{};
  size_t used = 0;
  info[used++] = 0;
  info[used++] = size;
  info[used++] = static_cast<uint8_t>(tls.size() + prefix.size() + label.size());
  for (std::string_view part : {tls, prefix, label})
    for (char c : part) info[used++] = static_cast<uint8_t>(c);
  info[used++] = 0;
  mbedtls_hkdf_expand(mbedtls_md_info_from_type(MBEDTLS_MD_SHA256), secret.data(), secret.size(), info.data(),
                      used, out.data(), out.size());
}

}  // namespace

std::array<char, 32> md5_hex(std::string_view text) {
  return hex_digest<16>(MBEDTLS_MD_MD5, text);
}

std::array<char, 64> sha256_hex(std::string_view text) {
  return hex_digest<32>(MBEDTLS_MD_SHA256, text);
}

QuicKeys quic_client_keys(Bytes salt, Bytes connection_id, std::string_view label) {
  Secret initial{}, client{};
  mbedtls_hkdf_extract(mbedtls_md_info_from_type(MBEDTLS_MD_SHA256), salt.data(), salt.size(),
                       connection_id.data(), connection_id.size(), initial.data());
  expand(initial, "", "client in", client);
  QuicKeys keys;
  expand(client, label, " key", keys.key);
  expand(client, label, " iv", keys.iv);
  expand(client, label, " hp", keys.hp);
  return keys;
}

std::array<uint8_t, 16> quic_mask(const QuicKeys& keys, Bytes sample) {
  assert(sample.size() == 16);
  std::array<uint8_t, 16> mask{};
  mbedtls_aes_context aes;
  mbedtls_aes_init(&aes);
  mbedtls_aes_setkey_enc(&aes, keys.hp.data(), 128);
  mbedtls_aes_crypt_ecb(&aes, MBEDTLS_AES_ENCRYPT, sample.data(), mask.data());
  mbedtls_aes_free(&aes);
  return mask;
}

bool quic_open(const QuicKeys& keys, uint64_t packet_number, Bytes header, Bytes body, uint8_t* plain) {
  constexpr size_t tag_bytes = 16;
  if (body.size() < tag_bytes) return false;
  std::array<uint8_t, 12> nonce = keys.iv;
  for (size_t i = 0; i < 8; i++) nonce[11 - i] ^= static_cast<uint8_t>(packet_number >> 8 * i);
  const size_t size = body.size() - tag_bytes;
  mbedtls_gcm_context gcm;
  mbedtls_gcm_init(&gcm);
  const bool good =
      mbedtls_gcm_setkey(&gcm, MBEDTLS_CIPHER_ID_AES, keys.key.data(), 128) == 0 &&
      mbedtls_gcm_auth_decrypt(&gcm, size, nonce.data(), nonce.size(), header.data(), header.size(),
                               body.data() + size, tag_bytes, body.data(), plain) == 0;
  mbedtls_gcm_free(&gcm);
  return good;
}

}  // namespace vmoat
