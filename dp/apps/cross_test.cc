// Every sample of every application is shown to every recogniser: exactly the right one may be sure.
#include <doctest/doctest.h>

#include <random>
#include <set>

#include "apps/samples.h"

namespace vmoat {
namespace {

bool asks_for(const Application& app, const Sample& sample) {
  return app.recognise && (app.transports & sample.transport);
}

/** Openings of protocols that nobody here may claim while no recogniser of their own is registered. */
const std::vector<Sample> strangers = {
    {.name = "zeros", .client = std::string(64, '\0'), .server = std::string(64, '\0')},
    {.name = "ones", .client = std::string(64, '\xff'), .server = std::string(64, '\xff')},
    {.name = "text", .client = "hello there, this is no protocol at all\r\n", .server = "yes\r\n"},
    {.name = "one byte", .client = "a", .server = "b"},
    {.name = "json", .client = "{\"id\":1,\"method\":\"get\"}\n", .server = "{\"id\":1}\n"},
    {.name = "xml", .client = "<?xml version=\"1.0\"?><stream:stream>", .server = "<?xml version=\"1.0\"?>"},
    {.name = "finger", .client = "root\r\n", .server = "Login: root\r\n"},
    {.name = "rlogin", .client = raw("\0root\0root\0xterm/38400\0"), .server = raw("\0")},
    {.name = "git",
     .client = raw("0032git-upload-pack /project.git\0host=a\0"),
     .server = "004895dcfa3633004da0049d3d0fa03f80589cbcaf31 HEAD\n"},
    {.name = "rsync", .client = "@RSYNCD: 31.0\n", .server = "@RSYNCD: 31.0\n"},
    {.name = "spice",
     .client = "REDQ" + hex("02000000 02000000 2a000000"),
     .server = "REDQ" + hex("02000000")},
    {.name = "nbd",
     .server = "NBDMAGIC"
               "IHAVEOPT" +
               hex("0003")},
    {.name = "log of a web server",
     .client = "10.0.0.1 - - [01/Jan/2026:00:00:00 +0000] \"GET / HTTP/1.1\" 200 12\n",
     .server = "10.0.0.2 - - [01/Jan/2026:00:00:01 +0000] \"POST /a HTTP/1.0\" 404 0\n"},
    {.name = "chat about protocols",
     .client = "<bob> try GET / HTTP/1.1 and then EHLO me\n<bob> or SELECT 1;\n",
     .server = "<eve> the server said 220 ready, +OK and * OK\n"},
    {.name = "xmpp",
     .client = "<stream:stream to='a' xmlns='jabber:client'>",
     .server = "<stream:stream from='a'>"},
    {.name = "nntp", .client = "MODE READER\r\n", .server = "200 news.example.org ready\r\n"},
    {.name = "whois", .client = "example.org\r\n", .server = "% This is a WHOIS server\r\n"},
    {.name = "gopher", .client = "/\r\n", .server = "1Files\t/files\texample.org\t70\r\n.\r\n"},
    {.name = "socks 5", .client = hex("05 02 00 02"), .server = hex("05 00")},
    {.name = "socks 4",
     .client = hex("04 01 0050 0a000001") + raw("me\0"),
     .server = hex("00 5a 0000 00000000")},
    {.name = "dce/rpc bind",
     .client =
         hex("05 00 0b 03 10000000 4800 0000 01000000 b810 b810 00000000 01000000") + std::string(44, 'u'),
     .server = hex("05 00 0c 03 10000000 4400 0000 01000000 b810 b810 00000000") + std::string(44, 'u')},
    {.name = "modbus",
     .client = hex("0001 0000 0006 01 03 0000 000a"),
     .server = hex("0001 0000 0017 01 03 14") + std::string(20, '\1')},
    {.name = "x11", .client = hex("6c 00 0b00 0000 0000 0000 0000"), .server = hex("01 00 0b00 0000 1e01")},
    {.name = "java rmi",
     .client = "JRMI" + hex("0002 4b"),
     .server = hex("4e 0009") + "127.0.0.1" + hex("00001234")},
    {.name = "zeromq",
     .client = hex("ff 0000000000000001 7f 03 00") + "NULL",
     .server = hex("ff 0000000000000001 7f 03 01") + "NULL"},
    {.name = "raft",
     .client = hex("0000000000000001 00000000 08 01 10 02 18 03 20 04"),
     .server = hex("0000000000000001 00000000 08 02")},
    {.name = "bgp",
     .client = std::string(16, '\xff') + hex("001d 01 04 fde8 00b4 0a000001 00"),
     .server = std::string(16, '\xff') + hex("0013 04")},
    {.name = "ppp over something",
     .client = hex("7eff7d23c0217d217d217d207d38"),
     .server = hex("7eff7d23c021")},
    {.name = "record of no known type",
     .client = hex("1d 0303 0020") + std::string(32, 'x'),
     .server = hex("15 0505 0002 0228")},
    {.name = "record that is too long", .client = hex("16 0301 ffff 01 00fffb 0303") + std::string(60, 'x')},
    {.name = "hello with lengths that do not nest",
     .client = hex("16 0301 0040 01 000010 0303") + std::string(58, '\x7f')},
    {.name = "numbers, little-endian",
     .client = le32(64) + le32(1) + le32(2) + le32(2004) + std::string(48, '\5')},
    {.name = "numbers, big-endian", .client = be32(64) + be32(1) + be32(2) + be32(3) + std::string(48, '\5')},
    {.name = "a length and text", .client = be32(26) + "abcdefghijklmnopqrstuvwxyz"},
    {.name = "a type, a length and zeros",
     .client = hex("01 000010") + std::string(16, '\0'),
     .server = hex("02 000010") + std::string(16, '\0')},
    {.name = "rtp", .client = hex("80 60 0001 00000000 12345678") + std::string(40, '\x55')},
    {.name = "stun", .client = hex("0001 0008 2112a442 0102030405060708090a0b0c 0006 0004 61626364")},
    {.name = "dtls",
     .client =
         hex("16 fefd 0000 000000000000 0030 01 000024 0000 000000 000024 fefd") + std::string(34, 'r')},
    {.name = "coap", .client = hex("40 01 1234 b4") + "temp"},
    {.name = "ike",
     .client =
         hex("0102030405060708 0000000000000000 21 20 22 08 00000000 00000030") + std::string(20, '\1')},
    {.name = "openvpn", .client = hex("38 0102030405060708 00 00000000")},
    {.name = "netbios name",
     .client =
         hex("8000 0110 0001 0000 0000 0000 20") + "CKAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" + hex("00 0021 0001")},
    {.name = "vxlan", .client = hex("08000000 00000100") + std::string(14, '\2') + hex("0800 4500")},
    {.name = "bittorrent-like text", .client = "BitTorrent protocol is what it is called\n"},
};

/** The bytes again, met at the start and mid-stream, with and without more to come. */
template <class Each>
void however_met(const Sample& sample, Each each) {
  for (const bool midstream : {false, true})
    for (const bool cut : {false, true}) {
      Opening opening = opening_of(sample);
      opening.midstream = midstream;
      opening.direction_seen = !midstream;
      opening.cut = cut;
      each(opening);
    }
}

}  // namespace

TEST_CASE("every recogniser passes the checks on its own samples") {
  each_sample(check_sample);
}

TEST_CASE("exactly the right recogniser is sure") {
  each_sample([](const Application& owner, const Sample& sample) {
    for (const Application& app : applications()) {
      if (!asks_for(app, sample) || app.name == owner.name) continue;
      CAPTURE(app.name);
      CAPTURE(owner.name);
      CAPTURE(sample.name);
      Opening opening = opening_of(sample);
      CHECK(ask(app, opening).claim < Claim::guess);
      opening.direction_seen = false;
      CHECK(ask(app, opening).claim < Claim::guess);
    }
  });
}

/** Calls `each(application, sample)` for what is no application's, over both transports. */
template <class Each>
void each_stranger(Each each) {
  for (Sample sample : strangers)
    for (const Transport transport : {over_tcp, over_udp})
      for (const Application& app : applications()) {
        sample.transport = transport;
        if (!asks_for(app, sample)) continue;
        if (transport == over_udp) sample.server.clear();
        each(app, sample);
      }
}

TEST_CASE("nobody claims what is none of them") {
  each_stranger([](const Application& app, const Sample& sample) { check_refused(app.name, sample); });
}

TEST_CASE("nobody claims what is none of them mid-stream either") {
  each_stranger([](const Application& app, const Sample& sample) {
    CAPTURE(app.name);
    CAPTURE(sample.name);
    however_met(sample, [&](const Opening& opening) { CHECK(ask(app, opening).claim < Claim::guess); });
  });
}

TEST_CASE("mid-stream nobody but its own recogniser is sure of a sample") {
  each_sample([](const Application& owner, const Sample& sample) {
    for (const Application& app : applications()) {
      if (!asks_for(app, sample) || app.name == owner.name) continue;
      CAPTURE(app.name);
      CAPTURE(owner.name);
      CAPTURE(sample.name);
      however_met(sample, [&](const Opening& opening) { CHECK(ask(app, opening).claim != Claim::sure); });
    }
  });
}

TEST_CASE("nobody is sure of small numbers between zeros") {
  std::mt19937 random(20261120);
  for (int round = 0; round < 20000; round++) {
    std::string bytes(random() % 200, '\0');
    for (char& byte : bytes)
      if (random() % 4 == 0) byte = static_cast<char>(random() % 32);
    Sample sample{.name = "numbers", .client = bytes, .server_port = 9092};
    if (round % 2 == 0) sample.server = bytes;
    for (const Transport transport : {over_tcp, over_udp})
      for (const Application& app : applications()) {
        sample.transport = transport;
        if (transport == over_udp) sample.server.clear();
        if (!asks_for(app, sample)) continue;
        CAPTURE(app.name);
        CAPTURE(round);
        however_met(sample, [&](const Opening& opening) { REQUIRE(ask(app, opening).claim != Claim::sure); });
      }
  }
}

TEST_CASE("nobody is sure of random bytes") {
  std::mt19937 random(20240607);
  for (int round = 0; round < 20000; round++) {
    std::string bytes(random() % 300, '\0');
    for (char& byte : bytes) byte = static_cast<char>(random());
    Sample sample{.name = "random", .client = bytes, .server_port = 53, .midstream = round % 2 == 0};
    if (round % 4 == 0) std::swap(sample.client, sample.server);
    for (const Transport transport : {over_tcp, over_udp})
      for (const Application& app : applications()) {
        sample.transport = transport;
        if (!asks_for(app, sample)) continue;
        CAPTURE(app.name);
        REQUIRE(ask(app, opening_of(sample)).claim != Claim::sure);
      }
  }
}

/** Asks everybody, met at the start, mid-stream, and with nothing more to come. */
void ask_everybody(const Sample& sample) {
  for (const bool midstream : {false, true})
    for (const bool cut : {false, true}) {
      Opening opening = opening_of(sample);
      opening.midstream = midstream;
      opening.direction_seen = !midstream;
      opening.cut = cut;
      for (const Application& app : applications())
        if (asks_for(app, sample)) ask(app, opening);
    }
}

TEST_CASE("a changed byte of either side harms no recogniser") {
  each_sample([](const Application&, const Sample& sample) {
    for (std::string Sample::* side : {&Sample::client, &Sample::server})
      for (size_t at = 0; at < std::min<size_t>((sample.*side).size(), 64); at++)
        for (const char value : {'\0', '\xff', '\n'}) {
          Sample changed = sample;
          (changed.*side)[at] = value;
          ask_everybody(changed);
        }
  });
}

TEST_CASE("the registry: unique lower-case names, recognisers with transports, facts with names") {
  std::set<std::string_view> names;
  for (const Application& app : applications()) {
    CHECK(names.insert(app.name).second);
    CHECK((app.recognise != nullptr) == (app.transports != 0));
    CHECK((app.appetite != Appetite::opening) == (app.message != nullptr));
    for (char c : app.name) CHECK(((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'));
  }
  for (int fact = 1; fact < static_cast<int>(Fact::count); fact++)
    CHECK_FALSE(fact_name(static_cast<Fact>(fact)).empty());
}

}  // namespace vmoat
