// Protocols that switch to TLS: the outer name stays, `tls` is the inner layer, the hello's facts are found.
#include <doctest/doctest.h>

#include "apps/sample.h"

namespace vmoat {
namespace {

std::string counted16(const std::string& text) {
  return be16(text.size()) + text;
}
std::string record(const std::string& message) {
  return hex("16 0303") + counted16(message);
}
/** A hello for mail.example.org, and the answer of a server that speaks 1.3. */
std::string client_hello() {
  const std::string name = hex("00") + counted16("mail.example.org");
  const std::string extensions = hex("0000") + counted16(counted16(name)) + hex("002b 0003 02 0304");
  const std::string body =
      hex("0303") + std::string(32, 'r') + hex("00 0002 1301 01 00") + counted16(extensions);
  return record(hex("01") + be32(body.size()).substr(1) + body);
}
std::string server_hello() {
  const std::string body =
      hex("0303") + std::string(32, 's') + hex("00 1301 00") + counted16(hex("002b 0002 0304"));
  return record(hex("02") + be32(body.size()).substr(1) + body);
}

struct Switch {
  std::string_view application;
  std::string client, server;  // up to the switch
};

std::vector<Switch> switches() {
  return {
      {"smtp", "EHLO desk\r\nSTARTTLS\r\n", "220 a ESMTP\r\n250-a\r\n250 STARTTLS\r\n220 go\r\n"},
      {"imap", "a1 STARTTLS\r\n", "* OK ready\r\na1 OK go\r\n"},
      {"pop3", "STLS\r\n", "+OK POP3\r\n+OK go\r\n"},
      {"postgresql", hex("00000008 04d2162f"), "S"},
      {"mysql", hex("20 0000 01 00aa0000 00000001 21") + std::string(23, '\0'),
       hex("4a 0000 00 0a") + raw("8.0.36\0") + hex("01000000") + "saltsalt" +
           hex("00 ffff 21 0200 ffc7 15") + std::string(10, '\0') + raw("saltsaltsalt\0") +
           raw("mysql_native_password\0")},
      {"ldap", hex("30 1d 02 01 01 77 18 80 16") + "1.3.6.1.4.1.1466.20037",
       hex("30 0c 02 01 01 78 07 0a 01 00 04 00 04 00")},
  };
}

Answer listen(const Switch& talk, const std::string& client, const std::string& server) {
  return ask(talk.application,
             {.name = "switch", .client = talk.client + client, .server = talk.server + server});
}

}  // namespace

TEST_CASE("a protocol that switches to TLS says so, and whose name was asked for") {
  for (const Switch& talk : switches()) {
    CAPTURE(talk.application);
    const Answer before = listen(talk, "", "");
    CHECK(before.claim == Claim::sure);
    CHECK(before.noted.is_unfinished);
    CHECK(before.noted.layers.empty());
    const Answer asked = listen(talk, client_hello(), "");
    CHECK(asked.noted.layers == std::vector<std::string>{"tls"});
    CHECK(asked.noted.is_unfinished);
    const Answer done = listen(talk, client_hello(), server_hello());
    CHECK(done.claim == Claim::sure);
    CHECK_FALSE(done.noted.is_unfinished);
    REQUIRE(done.noted.facts.count(Fact::tls_sni) == 1);
    CHECK(done.noted.facts.at(Fact::tls_sni) == "mail.example.org");
    CHECK(done.noted.facts.at(Fact::tls_version) == "1.3");
    CHECK(done.noted.facts.at(Fact::tls_cipher) == "0x1301");
  }
}

TEST_CASE("ftp: AUTH TLS ends the following") {
  const Application& ftp = application("ftp");
  const std::string hello = client_hello();
  Opening opening;
  opening.client = as_bytes(hello);
  Noted noted;
  ftp.message(opening, noted);
  CHECK(noted.layers == std::vector<std::string>{"tls"});
  CHECK(noted.has_enough);
  CHECK(noted.facts.at(Fact::tls_sni) == "mail.example.org");
}

}  // namespace vmoat
