// dns-loop, dns-overflow, dns-zone-transfer, dns-null-type and dns-tunnel.
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

std::string wire_name(std::string_view name) {
  std::string wire;
  while (!name.empty()) {
    const std::string_view label = name.substr(0, name.find('.'));
    wire += static_cast<char>(label.size());
    wire += label;
    name.remove_prefix(std::min(label.size() + 1, name.size()));
  }
  return wire + '\0';
}

std::string question(std::string_view name, uint16_t type) {
  return raw("\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00") + wire_name(name) + be16(type) + be16(1);
}

std::string answer(std::string_view name, uint16_t type, const std::string& data) {
  return raw("\x12\x34\x81\x80\x00\x01\x00\x01\x00\x00\x00\x00") + wire_name(name) + be16(type) + be16(1) +
         raw("\xc0\x0c") + be16(type) + be16(1) + raw("\x00\x00\x00\x3c") + be16(data.size()) + data;
}

size_t raised(std::string_view name, const std::vector<std::string>& messages) {
  Hearing hearing(name);
  for (const std::string& message : messages) say_datagram("dns", {true, message}, hearing);
  return hearing.evidence.size();
}

void check_quiet(const std::string& message) {
  for (std::string_view name :
       {"dns-loop", "dns-overflow", "dns-zone-transfer", "dns-null-type", "dns-tunnel"})
    CHECK_MESSAGE(raised(name, {message}) == 0, name);
}

std::string framed(const std::string& message) {
  return be16(message.size()) + message;
}

constexpr uint16_t a = 1, cname = 5, null_type = 10, txt = 16, aaaa = 28, ixfr = 251, axfr = 252;

/** Hexadecimal digits that differ from call to call. */
std::string hexadecimal(uint64_t seed, size_t digits) {
  std::string text;
  for (uint64_t state = seed * 2654435761 + 1; text.size() < digits;) {
    state = state * 6364136223846793005 + 1442695040888963407;
    text += "0123456789abcdef"[state >> 60];
  }
  return text;
}

}  // namespace

TEST_CASE("dns: ordinary messages are silent") {
  check_quiet(question("www.example.org", a));
  check_quiet(answer("www.example.org", a, raw("\x0a\x00\x00\x01")));
  check_quiet(answer("www.example.org", aaaa, std::string(16, 'x')));
  check_quiet(answer("www.example.org", cname, raw("\xc0\x10")));
  check_quiet(answer("example.org", txt, raw("\x0bv=spf1 -all")));
}

TEST_CASE("dns-loop: pointers to themselves, in a circle, and forward, over UDP and TCP") {
  const std::string head = raw("\x12\x34\x81\x80\x00\x01\x00\x01\x00\x00\x00\x00");
  const std::string self = head + raw("\xc0\x0c\x00\x01\x00\x01");
  const std::string circle = head + raw("\x01"
                                        "a\xc0\x10\x01"
                                        "b\xc0\x0c\x00\x01\x00\x01");
  const std::string forward =
      head + raw("\x01"
                 "a\x00\x00\x01\x00\x01\xc0\x30\x00\x05\x00\x01\x00\x00\x00\x00\x00\x02\xc0\x0c");
  for (const std::string& message : {self, circle, forward}) {
    CHECK(raised("dns-loop", {message}) == 1);
    check_raised("dns-loop", "dns", {{true, framed(question("x.example", a))}, {false, framed(message)}});
  }
}

TEST_CASE("dns-overflow: names and records beyond what holds them") {
  std::string long_name;
  for (int i = 0; i < 5; i++) long_name += '\x3f' + std::string(63, 'x');
  const std::string head = raw("\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00");
  const std::string name = head + long_name + raw("\x00\x00\x01\x00\x01");
  const std::string label = head + raw("\x7f") + std::string(127, 'x') + raw("\x00\x00\x01\x00\x01");
  std::string overrun = answer("x.example", a, raw("\x0a\x00\x00\x01"));
  overrun[overrun.size() - 6] = '\xff';
  const std::string mismatch = answer("x.example", a, std::string(200, 'A'));
  for (const std::string& message : {name, label, overrun, mismatch}) {
    CHECK(raised("dns-overflow", {message}) == 1);
    check_raised("dns-overflow", "dns", {{true, framed(message)}});
  }
}

TEST_CASE("dns-zone-transfer: AXFR and IXFR") {
  check_raised("dns-zone-transfer", "dns", {{true, framed(question("example.org", axfr))}});
  CHECK(raised("dns-zone-transfer", {question("example.org", ixfr)}) == 1);
}

TEST_CASE("dns-null-type: asked for or answered") {
  CHECK(raised("dns-null-type", {question("x.example.org", null_type)}) == 1);
  CHECK(raised("dns-null-type", {answer("x.example.org", null_type, "data")}) == 1);
}

TEST_CASE("dns-tunnel: many names that carry data below one domain") {
  std::vector<std::string> names, texts;
  for (uint64_t i = 0; i < 60; i++) {
    names.push_back(question(hexadecimal(i, 60) + "." + hexadecimal(i + 1000, 40) + ".t.evil.example", a));
    texts.push_back(answer(hexadecimal(i, 12) + ".evil.example", txt, '\x64' + hexadecimal(i, 100)));
  }
  CHECK(raised("dns-tunnel", names) > 0);
  CHECK(raised("dns-tunnel", texts) > 0);
}

TEST_CASE("dns-tunnel: dnscat2 without a domain") {
  constexpr uint64_t asked = 60;
  std::vector<std::string> names;
  names.reserve(asked);
  for (uint64_t i = 0; i < asked; i++)
    names.push_back(question("dnscat." + hexadecimal(i, 40) + "." + hexadecimal(i + 1000, 40), txt));
  CHECK(raised("dns-tunnel", names) > 0);
}

TEST_CASE("dns-tunnel: what a busy resolver, a mail server and a CDN ask is silent") {
  std::vector<std::string> ordinary;
  const char* words[] = {"www", "mail", "api", "cdn", "static", "img", "login", "shop", "blog", "news"};
  for (int round = 0; round < 20; round++)
    for (const char* word : words)
      ordinary.push_back(question(std::string(word) + std::to_string(round) + ".example.org", a));
  for (int i = 0; i < 255; i++)
    ordinary.push_back(question(std::to_string(i) + ".113.0.203.in-addr.arpa", 12));
  for (uint64_t i = 0; i < 300; i++)  // one long name each of many domains
    ordinary.push_back(
        question("d111111abcdef8." + hexadecimal(i, 20) + ".domain" + std::to_string(i) + ".net", a));
  for (uint64_t i = 0; i < 200; i++)  // the same long name again and again
    ordinary.push_back(question("ec2-203-0-113-25.eu-central-1.compute.amazonaws.example.com", a));
  for (int i = 0; i < 100; i++)
    ordinary.push_back(answer("mail" + std::to_string(i) + "._domainkey.domain" + std::to_string(i) + ".org",
                              txt, '\xc8' + std::string(200, 'k')));
  for (int i = 0; i < 200; i++)  // a block list's lookups
    ordinary.push_back(question(std::to_string(i) + ".2.0.192.zen.blocklist.example", a));
  CHECK(raised("dns-tunnel", ordinary) == 0);
}

}  // namespace vmoat
