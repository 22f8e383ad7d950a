#include <doctest/doctest.h>

#include "apps/sample.h"

namespace vmoat {
namespace {

std::string counted16(const std::string& body) {
  return be16(body.size()) + body;
}
std::string extension(size_t type, const std::string& body) {
  return be16(type) + counted16(body);
}
std::string record(char type, const std::string& body) {
  return std::string{type} + raw("\x03\x01") + counted16(body);
}
std::string message(char type, const std::string& body) {
  return std::string{type} + be32(body.size()).substr(1) + body;
}
std::string name_list(const std::string& alpn) {
  return counted16(static_cast<char>(alpn.size()) + alpn);
}

std::string client_hello_body(const std::string& sni, const std::string& alpn) {
  std::string extensions = extension(0, counted16(raw("\0") + counted16(sni)));
  if (!alpn.empty()) extensions += extension(16, name_list(alpn));
  extensions += extension(43, hex("04 0304 0303"));
  return hex("0303") + std::string(32, 'r') + raw("\0") + counted16(hex("1301 1302 c02f")) + hex("0100") +
         counted16(extensions);
}
std::string client_hello(const std::string& sni, const std::string& alpn) {
  return record(22, message(1, client_hello_body(sni, alpn)));
}
std::string server_hello(const std::string& extensions) {
  return record(22, message(2, hex("0303") + std::string(32, 's') + raw("\0") + hex("c02f 00") +
                                   counted16(extensions)));
}
std::string hello_in_two_records() {
  const std::string whole = message(1, client_hello_body("split.example.org", "h2"));
  return record(22, whole.substr(0, 60)) + record(22, whole.substr(60));
}
std::string application_records(int count) {
  std::string bytes;
  for (int i = 0; i < count; i++) bytes += hex("17 0303 0020") + std::string(32, 'x');
  return bytes;
}

}  // namespace

extern const std::vector<Sample> tls_samples;
const std::vector<Sample> tls_samples = {
    {.name = "1.3 with https",
     .client = client_hello("www.example.org", "http/1.1"),
     .server = server_hello(extension(43, hex("0304"))),
     .server_port = 443,
     .server_alone = true},
    {.name = "1.2 without alpn on the port of a database",
     .client = client_hello("a", ""),
     .server = server_hello(""),
     .server_port = 5432,
     .server_alone = true},
    {.name = "refused by an alert",
     .client = client_hello("a", ""),
     .server = hex("15 0303 0002 0228"),
     .server_port = 443},
    {.name = "hello over two records",
     .client = hello_in_two_records(),
     .server = server_hello(""),
     .server_port = 443,
     .server_alone = true},
    {.name = "old hello",
     .client = hex("802e 01 0301 0015 0000 0010 000004 000005 00000a 010080 0700c0 030080 000009") +
               std::string(16, 'c'),
     .server = server_hello(""),
     .server_port = 443,
     .server_alone = true},
    {.name = "midstream", .client = application_records(3), .server_port = 443, .midstream = true},
};

TEST_CASE("tls: name, protocol and version; alpn names the inner layer") {
  const Answer answer = ask("tls", tls_samples[0]);
  CHECK(answer.noted.facts.at(Fact::tls_sni) == "www.example.org");
  CHECK(answer.noted.facts.at(Fact::tls_alpn) == "http/1.1");
  CHECK(answer.noted.facts.at(Fact::tls_version) == "1.3");
  CHECK(answer.noted.layers == std::vector<std::string>{"https"});
  CHECK_FALSE(answer.noted.is_unfinished);
}

TEST_CASE("tls: without alpn there is no inner layer, and the server's version counts") {
  const Answer answer = ask("tls", tls_samples[1]);
  CHECK(answer.noted.layers.empty());
  CHECK(answer.noted.facts.at(Fact::tls_version) == "1.2");
}

TEST_CASE("tls: is not claimed for lengths that cannot be, nor for one record mid-stream") {
  check_refused("tls", {.name = "record too long", .client = hex("16 0301 ffff 01")});
  check_refused(
      "tls", {.name = "odd ciphers",
              .client = hex("16 0301 0040 01 00003c 0303") + std::string(32, 'r') + hex("00 0003 130113")});
  check_refused("tls", {.name = "session too long",
                        .client = hex("16 0301 0040 01 00003c 0303") + std::string(32, 'r') + hex("ff")});
  check_refused("tls", {.name = "finished", .client = hex("16 0301 0010 14 00000c") + std::string(12, 'x')});
  Sample one{.name = "one record", .client = application_records(1), .midstream = true};
  CHECK(ask("tls", one).claim != Claim::sure);
}

}  // namespace vmoat
