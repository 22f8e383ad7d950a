#include <doctest/doctest.h>

#include "apps/sample.h"

namespace vmoat {

extern const std::vector<Sample> bittorrent_samples;
const std::vector<Sample> bittorrent_samples = {
    {.name = "peers",
     .client = "\x13"
               "BitTorrent protocol" +
               std::string(48, 'h'),
     .server = "\x13"
               "BitTorrent protocol" +
               std::string(48, 'h'),
     .server_port = 6881,
     .server_alone = true,
     .symmetric = true},
    {.name = "hash table",
     .client = "d1:ad2:id20:abcdefghij0123456789e1:q4:ping1:t2:aa1:y1:qe",
     .transport = over_udp,
     .server_port = 6881,
     .symmetric = true},
    {.name = "hash table, answer with nodes",
     .client = "d2:ip6:abcdef1:rd2:id20:abcdefghij01234567895:nodes4:1234e1:t1:a1:y1:re",
     .transport = over_udp,
     .server_port = 51413,
     .symmetric = true},
    {.name = "tracker",
     .client = hex("0000041727101980 00000000 1a2b3c4d"),
     .transport = over_udp,
     .server_port = 6969,
     .symmetric = true},
    {.name = "local peers",
     .client = "BT-SEARCH * HTTP/1.1\r\nHost: 239.192.152.143:6771\r\n\r\n",
     .transport = over_udp,
     .server_port = 6771,
     .symmetric = true},
    {.name = "utp syn with extension bits",
     .client = hex("41 02 5a5b 00112233 00000000 00380000 0001 0000 00 08 0000000000000000"),
     .transport = over_udp,
     .server_port = 6881,
     .symmetric = true},
    {.name = "handshake in utp",
     .client = hex("01 00 5a5c 00112233 00000111 00380000 0002 0001") + "\x13"
                                                                        "BitTorrent protocol",
     .transport = over_udp,
     .server_port = 6881,
     .symmetric = true},
    {.name = "requests midstream",
     .client = hex("00000005 04 00000007") + hex("0000000d 06 00000001 00000000 00004000") +
               hex("0000000d 06 00000001 00004000 00004000"),
     .server_port = 6881,
     .midstream = true},
};

TEST_CASE("bittorrent: is not claimed for other bencoding") {
  check_refused("bittorrent",
                {.name = "file", .client = "d8:announce20:http://example.org/ae", .transport = over_udp});
  check_refused("bittorrent", {.name = "depth", .client = std::string(600, 'l'), .transport = over_udp});
  check_refused("bittorrent", {.name = "utp acknowledgement alone",
                               .client = hex("21 00 5a5c 00112233 00000111 00380000 0002 0001"),
                               .transport = over_udp});
  check_refused("bittorrent", {.name = "name",
                               .client = "\x13"
                                         "BitTorrent protocoX"});
}

}  // namespace vmoat
