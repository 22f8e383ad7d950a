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
};

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

TEST_CASE("nobody claims what is none of them") {
  for (Sample sample : strangers)
    for (const Transport transport : {over_tcp, over_udp})
      for (const Application& app : applications()) {
        sample.transport = transport;
        if (!asks_for(app, sample)) continue;
        if (transport == over_udp) sample.server.clear();
        check_refused(app.name, sample);
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
