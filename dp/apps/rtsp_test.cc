#include <doctest/doctest.h>

#include "apps/sample.h"

namespace vmoat {

extern const std::vector<Sample> rtsp_samples;
const std::vector<Sample> rtsp_samples = {
    {.name = "describe",
     .client = "DESCRIBE rtsp://example.org/a RTSP/1.0\r\nCSeq: 2\r\n\r\n",
     .server = "RTSP/1.0 200 OK\r\nCSeq: 2\r\n\r\n",
     .server_port = 554,
     .server_alone = true,
     .symmetric = true},
};

TEST_CASE("rtsp: is not claimed for http and sip") {
  check_refused("rtsp", {.name = "http", .client = "OPTIONS * HTTP/1.1\r\n\r\n", .server_port = 554});
  check_refused("rtsp", {.name = "sip", .client = "OPTIONS sip:a SIP/2.0\r\n\r\n", .server_port = 554});
}

}  // namespace vmoat
