// heartbleed, obsolete-tls and weak-cipher.
#include <doctest/doctest.h>

#include "threats/hearing.h"

namespace vmoat {

namespace {

template <size_t size>
std::string raw(const char (&literal)[size]) {
  return {literal, size - 1};
}

std::string be16(size_t value) {
  return {static_cast<char>(value >> 8), static_cast<char>(value)};
}

std::string record(uint8_t type, uint16_t version, const std::string& body) {
  return static_cast<char>(type) + be16(version) + be16(body.size()) + body;
}

std::string server_hello(uint16_t version, uint16_t cipher) {
  const std::string body = be16(version) + std::string(32, 'r') + '\x20' + std::string(32, 's') +
                           be16(cipher) + '\0' + raw("\x00\x04\x00\x2b\x00\x00");
  return record(22, version < 0x0303 ? version : 0x0303,
                '\2' + std::string(1, '\0') + be16(body.size()) + body);
}

std::string client_hello() {
  return record(22, 0x0301, raw("\x01\x00\x00\x26\x03\x03") + std::string(36, 'r'));
}

constexpr uint16_t good_cipher = 0xc02f;
constexpr uint8_t heartbeat = 24;

}  // namespace

TEST_CASE("heartbleed: a request that holds less than it says, and an answer that gives more") {
  const std::string ask = record(heartbeat, 0x0302, raw("\x01\x40\x00"));
  check_raised("heartbleed", "tls",
               {{true, client_hello()}, {false, server_hello(0x0303, good_cipher)}, {true, ask}});
  const std::string hidden = record(20, 0x0303, "\1") + record(heartbeat, 0x0303, std::string(40, 'e'));
  const std::string leak = record(20, 0x0303, "\1") + record(heartbeat, 0x0303, std::string(16000, 'm'));
  check_raised(
      "heartbleed", "tls",
      {{true, client_hello() + hidden}, {false, server_hello(0x0303, good_cipher) + leak.substr(0, 400)}});
}

TEST_CASE("heartbleed: an honest heartbeat is silent") {
  const std::string body = raw("\x01\x00\x10") + std::string(16, 'p') + std::string(16, '0');
  const std::string echo = raw("\x02\x00\x10") + std::string(16, 'p') + std::string(16, '0');
  check_silent("tls", {{true, client_hello() + record(heartbeat, 0x0303, body)},
                       {false, server_hello(0x0303, good_cipher) + record(heartbeat, 0x0303, echo)}});
}

TEST_CASE("obsolete-tls: what the server chose, not what the client offered") {
  for (uint16_t version : {0x0300, 0x0301, 0x0302})
    check_raised("obsolete-tls", "tls",
                 {{true, client_hello()}, {false, server_hello(version, good_cipher)}});
  check_raised("obsolete-tls", "tls",
               {{true, raw("\x80\x2e\x01\x00\x02") + std::string(43, 'x')},
                {false, raw("\x80\x10\x04\x00\x01\x00\x02") + std::string(11, 'x')}});
  check_silent("tls", {{true, client_hello()}, {false, server_hello(0x0303, good_cipher)}});
  check_silent("tls", {{true, client_hello()}, {false, record(21, 0x0301, "\2\x46")}});
}

TEST_CASE("weak-cipher: none, export, RC4, DES, anonymous") {
  for (uint16_t cipher : {0x0000, 0x0002, 0x0003, 0x0004, 0x0005, 0x0008, 0x0009, 0x0014, 0x0018, 0x0034,
                          0x0062, 0xc011, 0xc018})
    check_raised("weak-cipher", "tls", {{true, client_hello()}, {false, server_hello(0x0303, cipher)}});
  for (uint16_t cipher : {0x1301, 0x1302, 0x1303, 0xc02b, 0xc02f, 0xc030, 0xcca8, 0x009c, 0x002f, 0x0035,
                          0x003c, 0x009e, 0x00ff})
    check_silent("tls", {{true, client_hello()}, {false, server_hello(0x0303, cipher)}});
}

}  // namespace vmoat
