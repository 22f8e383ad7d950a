#include "apps/proxy_preface.h"

#include <doctest/doctest.h>

#include "apps/sample.h"

namespace vmoat {

namespace {

ProxyPreface read(const std::string& text) {
  return read_proxy_preface({reinterpret_cast<const uint8_t*>(text.data()), text.size()});
}

const std::string signature = hex("0d0a0d0a 000d0a51 5549540a");

/** Whole, with this client; every shorter beginning may become one. */
void check_whole(const std::string& preface, std::string_view client) {
  const ProxyPreface whole = read(preface + "GET / HTTP/1.1\r\n");
  CHECK(whole.claim == Claim::sure);
  CHECK(whole.bytes == preface.size());
  CHECK(whole.client() == client);
  for (size_t size = 1; size < preface.size(); size++)
    CHECK(read(preface.substr(0, size)).claim == Claim::more);
}

}  // namespace

TEST_CASE("PROXY protocol 1: addresses, and none") {
  check_whole("PROXY TCP4 198.51.100.7 192.0.2.1 40000 80\r\n", "198.51.100.7");
  check_whole("PROXY TCP6 2001:db8::7 2001:db8::1 40000 443\r\n", "2001:db8::7");
  check_whole("PROXY UNKNOWN\r\n", "");
  check_whole("PROXY UNKNOWN ffff::1 ffff::2 65535 65535\r\n", "");
}

TEST_CASE("PROXY protocol 2: addresses, what stands behind them, and none") {
  check_whole(signature + hex("21 11 000c c6336407 c0000201 9c40 0050"), "198.51.100.7");
  check_whole(signature + hex("21 11 0010 c6336407 c0000201 9c40 0050 04 0001 00"), "198.51.100.7");
  const std::string v6 = hex("20010db8 00000000 00000000 00000007");
  check_whole(signature + hex("21 21 0024") + v6 + v6 + hex("9c40 0050"), "2001:db8::7");
  check_whole(signature + hex("20 00 0000"), "");
  check_whole(signature + hex("21 31 00d8") + std::string(216, 'a'), "");
  check_whole(signature + hex("21 11 0004 c6336407"), "");
}

TEST_CASE("PROXY protocol: what only begins so is none") {
  for (const std::string& text :
       {std::string("PROXY TCP4 198.51.100.7 192.0.2.1 40000\r\n"), std::string("PROXY TCP4 a b 1 2\r\n"),
        std::string("PROXY TCP6 198.51.100.7 192.0.2.1 40000 80\r\n"),
        std::string("PROXY UDP4 1.1.1.1 1.1.1.2 1 2\r\n"),
        std::string("PROXY TCP4 198.51.100.7 192.0.2.1 40000 80 1\r\n"), "PROXY " + std::string(120, 'a'),
        std::string("PROXY\r\n"), std::string("proxy TCP4"), std::string("GET / HTTP/1.1\r\n"), std::string(),
        signature + hex("11 11 000c c6336407 c0000201 9c40 0050"), signature + hex("21 11 ffff 00"),
        std::string("\r\n\r\nGET / HTTP/1.1\r\n")})
    CHECK(read(text).claim == Claim::no);
}

}  // namespace vmoat
