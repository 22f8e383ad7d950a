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
};

TEST_CASE("bittorrent: is not claimed for other bencoding") {
  check_refused("bittorrent",
                {.name = "file", .client = "d8:announce20:http://example.org/ae", .transport = over_udp});
  check_refused("bittorrent", {.name = "name",
                               .client = "\x13"
                                         "BitTorrent protocoX"});
}

}  // namespace vmoat
