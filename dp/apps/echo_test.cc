#include <doctest/doctest.h>

#include "apps/sample.h"

namespace vmoat {

extern const std::vector<Sample> echo_samples;
const std::vector<Sample> echo_samples = {};

TEST_CASE("echo: what comes back as it went is a guess") {
  const Sample said{.name = "echo", .client = "hello?\r\n", .server = "hello?\r\n", .server_port = 7};
  CHECK(ask("echo", said).claim == Claim::guess);
  Sample partly = said;
  partly.server = "hello";
  CHECK(ask("echo", partly).claim == Claim::guess);
  partly.server = "he";
  CHECK(ask("echo", partly).claim == Claim::more);
}

TEST_CASE("echo: the port decides which end it is where nobody saw") {
  const Sample said{.client = "hello", .server = "hello", .server_port = 7};
  Opening opening = opening_of(said);
  std::swap(opening.client_port, opening.server_port);
  CHECK(ask(application("echo"), opening).claim == Claim::no);
  opening.direction_seen = false;
  const Answer answer = ask(application("echo"), opening);
  CHECK(answer.claim == Claim::guess);
  CHECK(answer.noted.is_reversed);
}

TEST_CASE("echo: is not claimed elsewhere or for another answer") {
  check_refused("echo",
                {.name = "port", .client = "RFB 003.008\n", .server = "RFB 003.008\n", .server_port = 5900});
  check_refused("echo", {.name = "answer", .client = "hello\r\n", .server = "hallo\r\n", .server_port = 7});
  check_refused("echo", {.name = "more than asked", .client = "hell", .server = "hello", .server_port = 7});
}

}  // namespace vmoat
