// Logins of every protocol that has one: the name becomes a fact where it is promised, the password never
// does.
#include <doctest/doctest.h>

#include "apps/sample.h"

namespace vmoat {
namespace {

constexpr std::string_view secret = "hunter2";

struct Login {
  std::string_view application;
  Sample sample;
  std::map<Fact, std::string> facts;  // that must be found
};

std::string counted8(const std::string& text) {
  return std::string(1, static_cast<char>(text.size())) + text;
}
std::string counted16(const std::string& text) {
  return be16(text.size()) + text;
}
std::string wide(std::string_view text) {
  std::string units;
  for (char c : text) units += std::string{c, '\0'};
  return units;
}
std::string le16(size_t value) {
  return {static_cast<char>(value), static_cast<char>(value >> 8)};
}
std::string padded(std::string_view text, size_t size) {
  std::string field(text);
  field.resize(size);
  return field;
}
std::string ber(const std::string& tag, const std::string& body) {
  REQUIRE(body.size() < 256);
  return hex(tag) + hex("81") + counted8(body);
}

std::string mqtt_connect() {
  const std::string body = counted16("MQTT") + hex("04 c6 003c") + counted16("meter-7") +
                           counted16("will/topic") + counted16("gone") + counted16("alice") +
                           counted16("hunter2");
  return hex("10") + counted8(body);
}
std::string amqp_frame(const std::string& payload) {
  return hex("01 0000") + be32(payload.size()) + payload + hex("ce");
}
std::string amqp_client() {
  const std::string response = raw("\0alice\0hunter2");
  return "AMQP" + hex("00 00 09 01") +
         amqp_frame(hex("000a000b 00000000") + counted8("PLAIN") + be32(response.size()) + response +
                    counted8("en_US")) +
         amqp_frame(hex("000a0028") + counted8("/shop") + hex("00 00"));
}
std::string tds_login_5() {
  std::string body = padded("desk", 30) + hex("04") + padded("alice", 30) + hex("05") +
                     padded("hunter2", 30) + hex("07") + padded("77", 30) + hex("02");
  body.resize(560);
  return hex("02 01") + be16(body.size() + 8) + hex("0000 01 00") + body;
}
std::string tds_login_7() {
  const std::string host = wide("desk"), user = wide("alice"), database = wide("shop");
  std::string head(94, '\0');
  size_t at = head.size();
  const auto put = [&](size_t field, const std::string& text) {
    head.replace(field, 4, le16(at) + le16(text.size() / 2));
    at += text.size();
  };
  put(36, host);
  put(40, user);
  put(68, database);
  const std::string body = head + host + user + database;
  std::string whole = le32(body.size()) + hex("04000074") + body.substr(8);
  return hex("10 01") + be16(whole.size() + 8) + hex("0000 01 00") + whole;
}
std::string smb_client() {
  const std::string domain = wide("CORP"), user = wide("alice"), host = wide("DESK");
  std::string login = raw("NTLMSSP\0") + hex("03000000");
  size_t at = 64;
  const auto field = [&](const std::string& text) {
    login += le16(text.size()) + le16(text.size()) + le32(at);
    at += text.size();
  };
  field("");
  field("");
  field(domain);
  field(user);
  field(host);
  field("");
  login += hex("01000000") + domain + user + host;
  std::string message = hex("fe") + "SMB" + hex("4000") + std::string(58, '\0') + login;
  return hex("00") + be32(message.size()).substr(1) + message;
}
std::string kerberos_request() {
  const auto name = [](const std::string& parts) {
    return ber("30", ber("a0", hex("02 01 01")) + ber("a1", ber("30", parts)));
  };
  const std::string body = ber("a0", hex("03 05 00 40800000")) + ber("a1", name(ber("1b", "alice"))) +
                           ber("a2", ber("1b", "EXAMPLE.ORG")) +
                           ber("a3", name(ber("1b", "krbtgt") + ber("1b", "EXAMPLE.ORG")));
  return ber("6a",
             ber("30", ber("a1", hex("02 01 05")) + ber("a2", hex("02 01 0a")) + ber("a4", ber("30", body))));
}
std::string cassandra_startup() {
  const std::string body = be16(3) + counted16("CQL_VERSION") + counted16("3.4.5") +
                           counted16("DRIVER_NAME") + counted16("Java driver") + counted16("DRIVER_VERSION") +
                           counted16("4.17");
  return hex("04 00 0000 01") + be32(body.size()) + body;
}
std::string mongodb_message() {
  const std::string document = hex("02") + raw("saslStart\0") + le32(2) + raw("1\0") + hex("02") +
                               raw("$db\0") + le32(6) + raw("admin\0") + hex("02") + raw("payload\0") +
                               le32(8) + raw("hunter2\0");
  const std::string body = le32(0) + hex("00") + le32(document.size() + 5) + document + hex("00");
  return le32(body.size() + 16) + le32(7) + le32(0) + le32(2013) + body;
}

std::vector<Login> logins() {
  const std::string uri = "rtsp://alice:hunter2@example.org/live?token=hunter2";
  return {
      {"http",
       {.client = "GET http://alice:hunter2@example.org/path?token=hunter2 HTTP/1.1\r\nHost: example.org\r\n"
                  "Authorization: Bearer hunter2\r\nCookie: id=hunter2\r\n\r\n",
        .server = "HTTP/1.1 200 OK\r\nSet-Cookie: id=hunter2\r\n\r\n"},
       {{Fact::http_path, "/path"}, {Fact::http_host, "example.org"}}},
      {"http",
       {.client = "GET /logs-7/_search?q=hunter2 HTTP/1.1\r\nHost: a\r\n\r\n",
        .server = "HTTP/1.1 200 OK\r\nX-elastic-product: Elasticsearch\r\n\r\n{}"},
       {{Fact::elasticsearch_index, "logs-7"}}},
      {"ftp",
       {.client = "USER alice\r\nPASS hunter2\r\n", .server = "220 FTP\r\n331 x\r\n"},
       {{Fact::ftp_user, "alice"}}},
      {"smtp",
       {.client = "EHLO desk\r\nAUTH PLAIN hunter2\r\n", .server = "220 a ESMTP\r\n250 a\r\n"},
       {{Fact::smtp_client, "desk"}}},
      {"pop3",
       {.client = "USER alice\r\nPASS hunter2\r\n", .server = "+OK POP3\r\n+OK\r\n"},
       {{Fact::pop3_user, "alice"}}},
      {"pop3",
       {.client = "APOP alice hunter2\r\n", .server = "+OK POP3 <1.2@a>\r\n"},
       {{Fact::pop3_user, "alice"}}},
      {"imap",
       {.client = "a1 CAPABILITY\r\na2 LOGIN \"alice\" \"hunter2\"\r\n", .server = "* OK ready\r\n"},
       {{Fact::imap_user, "alice"}}},
      {"irc",
       {.client = "PASS hunter2\r\nNICK alice\r\nUSER a 0 * :A\r\n", .server = ""},
       {{Fact::irc_nick, "alice"}}},
      {"redis",
       {.client = "*3\r\n$4\r\nAUTH\r\n$5\r\nalice\r\n$7\r\nhunter2\r\n", .server = "+OK\r\n"},
       {{Fact::redis_user, "alice"}}},
      {"redis", {.client = "*2\r\n$4\r\nAUTH\r\n$7\r\nhunter2\r\n", .server = "+OK\r\n"}, {}},
      {"redis", {.client = "AUTH hunter2\r\n", .server = "-WRONGPASS invalid\r\n"}, {}},
      {"stomp",
       {.client = raw("CONNECT\nlogin:alice\npasscode:hunter2\n\n\0"),
        .server = raw("CONNECTED\nversion:1.2\n\n\0")},
       {{Fact::stomp_user, "alice"}}},
      {"nats",
       {.client = "CONNECT {\"pass\":\"hunter2\",\"user\":\"alice\",\"auth_token\":\"hunter2\"}\r\n",
        .server = "INFO {\"server_id\":\"a\"}\r\n"},
       {{Fact::nats_user, "alice"}}},
      {"mqtt", {.client = mqtt_connect()}, {{Fact::mqtt_user, "alice"}, {Fact::mqtt_client, "meter-7"}}},
      {"amqp", {.client = amqp_client()}, {{Fact::amqp_user, "alice"}, {Fact::amqp_vhost, "/shop"}}},
      {"tds", {.client = tds_login_5()}, {{Fact::tds_user, "alice"}, {Fact::tds_host, "desk"}}},
      {"tds",
       {.client = tds_login_7()},
       {{Fact::tds_user, "alice"}, {Fact::tds_host, "desk"}, {Fact::tds_database, "shop"}}},
      {"smb",
       {.client = smb_client()},
       {{Fact::smb_user, "alice"}, {Fact::smb_domain, "CORP"}, {Fact::smb_host, "DESK"}}},
      {"kerberos",
       {.client = kerberos_request(), .transport = over_udp},
       {{Fact::kerberos_principal, "alice@EXAMPLE.ORG"}, {Fact::kerberos_service, "krbtgt/EXAMPLE.ORG"}}},
      {"cassandra", {.client = cassandra_startup()}, {{Fact::cassandra_driver, "Java driver 4.17"}}},
      {"mongodb",
       {.client = mongodb_message()},
       {{Fact::mongodb_database, "admin"}, {Fact::mongodb_command, "saslStart"}}},
      {"ldap",
       {.client = hex("30 1d 02 01 01 60 18 02 01 03 04 0a") + "cn=alice,o" + hex("80 07") + "hunter2"},
       {{Fact::ldap_user, "cn=alice,o"}}},
      {"sip",
       {.client = "REGISTER sip:alice:hunter2@example.org SIP/2.0\r\nFrom: "
                  "<sip:alice:hunter2@example.org>;tag=1\r\n"
                  "To: sip:alice:hunter2@example.org?x=hunter2\r\nAuthorization: Digest hunter2\r\n\r\n",
        .transport = over_udp},
       {{Fact::sip_from, "sip:alice@example.org"}, {Fact::sip_to, "sip:alice@example.org"}}},
      {"rtsp",
       {.client = "DESCRIBE " + uri + " RTSP/1.0\r\nCSeq: 1\r\nAuthorization: Basic hunter2\r\n\r\n"},
       {{Fact::rtsp_url, "rtsp://example.org/live"}}},
      {"snmp",
       {.client = hex("30 2b 02 01 01 04 07") + "hunter2" +
                  hex("a0 1d 02 04 00000001 02 01 00 02 01 00 30 0f 30 0d 06 09 2b06010201010100 00 05 00"),
        .transport = over_udp},
       {}},
  };
}

/** What is said of a flow from its first byte on, message by message where it is followed. */
Noted listen(const Login& login) {
  const Application& app = application(login.application);
  Opening opening = opening_of(login.sample);
  opening.direction_seen = login.sample.transport == over_tcp;
  Noted noted;
  app.recognise(opening, noted);
  if (app.message == nullptr) return noted;
  for (Bytes Opening::* side : {&Opening::client, &Opening::server}) {
    Opening one = opening;
    one.client = one.server = {};
    one.*side = opening.*side;
    if (!(one.*side).empty()) app.message(one, noted);
  }
  return noted;
}

}  // namespace

TEST_CASE("facts: names are found, passwords, tokens and queries never") {
  for (const Login& login : logins()) {
    CAPTURE(login.application);
    CAPTURE(login.sample.client);
    const Noted noted = listen(login);
    for (const auto& [fact, value] : login.facts) {
      CAPTURE(fact_name(fact));
      REQUIRE(noted.facts.count(fact) == 1);
      CHECK(noted.facts.at(fact) == value);
    }
    for (const auto& [fact, value] : noted.facts) {
      CAPTURE(fact_name(fact));
      CHECK(value.find(secret) == std::string::npos);
    }
  }
}

TEST_CASE("facts: a login that is cut anywhere harms nobody and gives nothing away") {
  for (const Login& login : logins())
    for (size_t size = 0; size < login.sample.client.size(); size++) {
      Login part = login;
      part.sample.client.resize(size);
      for (const auto& [fact, value] : listen(part).facts) CHECK(value.find(secret) == std::string::npos);
    }
}

}  // namespace vmoat
