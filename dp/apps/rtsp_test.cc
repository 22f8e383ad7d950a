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
    {.name = "media midstream",
     .server = "$" + raw("\0\0\x08") + hex("80600001 00000000") + "$" + raw("\1\0\x08") +
               hex("80c80006 00000000") + "$" + raw("\0\0\x08") + hex("80600002 00000000"),
     .server_port = 554,
     .client_alone = false,
     .server_alone = true,
     .midstream = true},
};

TEST_CASE("rtsp: is not claimed for http and sip") {
  check_refused("rtsp", {.name = "http", .client = "OPTIONS * HTTP/1.1\r\n\r\n", .server_port = 554});
  check_refused("rtsp", {.name = "shell", .client = "$ ls -l\r\n$ cat a\r\n$ exit\r\n", .midstream = true});
  check_refused("rtsp", {.name = "sip", .client = "OPTIONS sip:a SIP/2.0\r\n\r\n", .server_port = 554});
}

}  // namespace vmoat
