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
/** For www.example.org, from itself, until 2036-11-17T10:51:05Z, with two names and two addresses. */
const std::string der =
    hex("30820221308201c7a00302010202141f5244a80e5a40d7935e2c02ec2ec86c9f7bcdad300a06082a8648ce3d04030230"
        "3d310b300906035504061302444531143012060355040a0c0b4578616d706c65204c74643118301606035504030c0f77"
        "77772e6578616d706c652e6f7267301e170d3236313132303130353130355a170d3336313131373130353130355a303d"
        "310b300906035504061302444531143012060355040a0c0b4578616d706c65204c74643118301606035504030c0f7777"
        "772e6578616d706c652e6f72673059301306072a8648ce3d020106082a8648ce3d030107034200043ba177d1c4d8449b"
        "06371dad9f55c0350763be949473414ae6fae8de75fcb0ab09e71c6321058e81c1da31b5da52efc50b6b7052a40368db"
        "aa47bfdeb640cbc2a381a43081a1301d0603551d0e041604146e813a07d4d49265611b359c884bd15d92bdbf3f301f06"
        "03551d230418301680146e813a07d4d49265611b359c884bd15d92bdbf3f300f0603551d130101ff040530030101ff30"
        "4e0603551d1104473045820f7777772e6578616d706c652e6f7267820b6578616d706c652e6f72678704c00002018710"
        "20010db8000000000000000000000001810d61406578616d706c652e6f7267300a06082a8648ce3d0403020348003045"
        "022100da38db73ff517f1222c65a57bd8390a835f6596ab6014077ecdf151ed52cfa5c02200995d5bddeb424e8f6d19f"
        "379a8c2cf58eb83331f91b6ebca574612e5574deb7");
std::string certificate() {
  const std::string entry = be32(der.size()).substr(1) + der;
  return message(11, be32(entry.size()).substr(1) + entry);
}
std::string server_hello_message() {
  return message(2, hex("0303") + std::string(32, 's') + raw("\0") + hex("c02f 00"));
}
/** TLS 1.2: hello, certificate and the end of the server's flight, in records of at most `piece` bytes. */
std::string server_flight(size_t piece) {
  const std::string whole = server_hello_message() + certificate() + message(14, "");
  std::string records;
  for (size_t at = 0; at < whole.size(); at += piece) records += record(22, whole.substr(at, piece));
  return records;
}
std::string list16(std::initializer_list<int> values) {
  std::string list;
  for (int value : values) list += be16(static_cast<size_t>(value));
  return list;
}
std::string hello_of(const std::string& version, const std::string& ciphers, const std::string& extensions) {
  return record(22, message(1, version + std::string(32, 'r') + raw("\0") + counted16(ciphers) + hex("0100") +
                                   counted16(extensions)));
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
    {.name = "certificate over three records",
     .client = client_hello("a", "h2"),
     .server = server_flight(300),
     .server_port = 443,
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

TEST_CASE("tls: a hello over two records has its name, protocol and fingerprint") {
  const Sample split{.name = "split", .client = hello_in_two_records(), .server_port = 443};
  const Sample whole{.name = "whole", .client = client_hello("split.example.org", "h2"), .server_port = 443};
  const Noted a = ask("tls", split).noted, b = ask("tls", whole).noted;
  CHECK(a.facts == b.facts);
  CHECK(a.facts.at(Fact::tls_sni) == "split.example.org");
  CHECK(a.facts.count(Fact::tls_ja3) == 1);
}

TEST_CASE("tls: JA4 as in its specification, GREASE or not") {
  const std::string ciphers = list16({0x1301, 0x1302, 0x1303, 0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca9, 0xcca8,
                                      0xc013, 0xc014, 0x009c, 0x009d, 0x002f, 0x0035});
  const std::string signatures = list16({0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501, 0x0806, 0x0601});
  std::string extensions = extension(0, counted16(raw("\0") + counted16("a.example"))) +
                           extension(16, name_list("h2")) + extension(13, counted16(signatures)) +
                           extension(43, hex("06 3a3a 0304 0303"));
  for (size_t type : {0x17, 0xff01, 0x0a, 0x0b, 0x23, 0x05, 0x12, 0x33, 0x2d, 0x1b, 0x4469, 0x15})
    extensions += extension(type, "");
  const auto ja4 = [](const std::string& hello) {
    return ask("tls", {.name = "ja4", .client = hello, .server_port = 443}).noted.facts.at(Fact::tls_ja4);
  };
  CHECK(ja4(hello_of(hex("0303"), ciphers, extensions)) == "t13d1516h2_8daaf6152771_e5627efa2ab1");
  CHECK(ja4(hello_of(hex("0303"), hex("2a2a") + ciphers,
                     extension(0x1a1a, "") + extensions + extension(0xdada, "x"))) ==
        "t13d1516h2_8daaf6152771_e5627efa2ab1");
  CHECK(ja4(hello_of(hex("0301"), list16({0x2f}), "")).starts_with("t10i010000_"));
  CHECK(ja4(hello_of(hex("0301"), list16({0x2f}), "")).ends_with("_000000000000"));
}

TEST_CASE("tls: JA3 as in its own example") {
  const std::string hello = hello_of(
      hex("0301"), list16({47, 53, 5, 10, 49161, 49162, 49171, 49172, 50, 56, 19, 4}),
      extension(0, "") + extension(10, counted16(list16({23, 24, 25}))) + extension(11, hex("01 00")));
  const Answer answer = ask("tls", {.name = "ja3", .client = hello, .server_port = 443});
  CHECK(answer.noted.facts.at(Fact::tls_ja3) == "ada70206e40642a3e4461f35503241d5");
}

TEST_CASE("tls: an encrypted hello says so") {
  const std::string extensions = extension(0, counted16(raw("\0") + counted16("front.example"))) +
                                 extension(0xfe0d, std::string(100, 'e'));
  const Answer answer =
      ask("tls",
          {.name = "ech", .client = hello_of(hex("0303"), list16({0x1301}), extensions), .server_port = 443});
  CHECK(answer.noted.facts.at(Fact::tls_ech) == "outer");
  CHECK(answer.noted.facts.at(Fact::tls_sni) == "front.example");
}

TEST_CASE("tls: the certificate of TLS 1.2, over any number of records") {
  for (size_t piece : {60, 300, 1000, 4000}) {
    const Sample sample{
        .name = "1.2", .client = client_hello("a", ""), .server = server_flight(piece), .server_port = 443};
    const Answer answer = ask("tls", sample);
    CHECK_FALSE(answer.noted.is_unfinished);
    CHECK(answer.noted.facts.at(Fact::tls_subject) == "www.example.org");
    CHECK(answer.noted.facts.at(Fact::tls_issuer) == "www.example.org");
    CHECK(answer.noted.facts.at(Fact::tls_names) == "www.example.org,example.org,192.0.2.1,2001:db8::1");
    CHECK(answer.noted.facts.at(Fact::tls_expires) == "2036-11-17T10:51:05Z");
    CHECK(answer.noted.facts.at(Fact::tls_cipher) == "0xc02f");
  }
}

TEST_CASE("tls: a certificate cut anywhere harms nobody and is waited for; a resumed session has none") {
  const std::string flight = server_flight(4000);
  for (size_t size = 0; size < flight.size(); size++) {
    const Sample part{.name = "part",
                      .client = client_hello("a", ""),
                      .server = flight.substr(0, size),
                      .server_port = 443};
    const Answer answer = ask("tls", part);
    CHECK(answer.noted.is_unfinished == (size < flight.size() - 4));
  }
  const Sample resumed{.name = "resumed",
                       .client = client_hello("a", ""),
                       .server = record(22, server_hello_message()) + record(20, "\1"),
                       .server_port = 443};
  CHECK_FALSE(ask("tls", resumed).noted.is_unfinished);
}

TEST_CASE("tls: DNS by its protocol, or by its port as a guess") {
  const Sample said{.name = "dot", .client = client_hello("a", "dot"), .server_port = 8853};
  CHECK(ask("tls", said).noted.layers == std::vector<std::string>{"dot"});
  CHECK(ask("tls", said).claim == Claim::sure);
  const Sample port{.name = "853", .client = client_hello("a", ""), .server_port = 853};
  CHECK(ask("tls", port).noted.layers == std::vector<std::string>{"dot"});
  CHECK(ask("tls", port).claim == Claim::guess);
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
