#include <doctest/doctest.h>

#include "apps/sample.h"

namespace vmoat {

extern const std::vector<Sample> sip_samples;
const std::vector<Sample> sip_samples = {
    {.name = "register",
     .client = "REGISTER sip:example.org SIP/2.0\r\nVia: SIP/2.0/UDP a\r\n\r\n",
     .transport = over_udp,
     .server_port = 5060,
     .symmetric = true},
    {.name = "status",
     .server = "SIP/2.0 401 Unauthorized\r\nVia: SIP/2.0/UDP a\r\n\r\n",
     .transport = over_udp,
     .server_port = 5061,
     .server_alone = true},
    {.name = "tcp",
     .client = "OPTIONS sips:bob@example.org SIP/2.0\r\nCSeq: 1 OPTIONS\r\n\r\n",
     .server = "SIP/2.0 200 OK\r\n\r\n",
     .server_port = 5060,
     .server_alone = true,
     .symmetric = true},
    {.name = "midstream",
     .client = "rest of a description\r\nBYE sip:bob@example.org SIP/2.0\r\n\r\n",
     .server_port = 5060,
     .midstream = true},
    {.name = "emergency behind a keep-alive",
     .client = "\r\n\r\nINVITE urn:service:sos SIP/2.0\r\nTo: x\r\n\r\n",
     .transport = over_udp,
     .server_port = 5060,
     .symmetric = true},
};

TEST_CASE("sip: who answers is the server") {
  Sample answer{.name = "", .client = "SIP/2.0 200 OK\r\n\r\n", .transport = over_udp};
  Opening opening = opening_of(answer);
  opening.direction_seen = false;
  CHECK(ask(application("sip"), opening).noted.is_reversed);
}

TEST_CASE("sip: method") {
  CHECK(ask("sip", sip_samples[0]).noted.facts.at(Fact::sip_method) == "REGISTER");
}

TEST_CASE("sip: is not claimed for http and rtsp on its port") {
  check_refused("sip", {.name = "http", .client = "OPTIONS / HTTP/1.1\r\n\r\n", .server_port = 5060});
  check_refused("sip", {.name = "rtsp", .client = "OPTIONS rtsp://a RTSP/1.0\r\n\r\n", .server_port = 5060});
}

}  // namespace vmoat
