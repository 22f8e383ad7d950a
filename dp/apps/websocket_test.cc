#include <doctest/doctest.h>

#include "apps/sample.h"

namespace vmoat {

extern const std::vector<Sample> websocket_samples;
const std::vector<Sample> websocket_samples = {
    {.name = "chat",
     .client = hex("8184 00000000") + "test",
     .server = hex("8105") + "hello",
     .server_port = 80,
     .client_alone = false,
     .midstream = true},
};

TEST_CASE("websocket: only mid-stream, both ends, text in text frames") {
  Sample sample = websocket_samples[0];
  sample.midstream = false;
  CHECK(ask("websocket", sample).claim == Claim::no);
  check_refused("websocket", {.name = "no mask",
                              .client = hex("8104") + "test",
                              .server = hex("8105") + "hello",
                              .midstream = true});
  check_refused("websocket", {.name = "no text",
                              .client = hex("8184 00000000 01020304"),
                              .server = hex("8105") + "hello",
                              .midstream = true});
}

}  // namespace vmoat
