#include "apps/operator_defined.h"

#include <doctest/doctest.h>

#include "apps/sample.h"

namespace vmoat {
namespace {

BytePattern pattern(std::string_view text, uint16_t within = 0) {
  Result<BytePattern> read = read_pattern(text, within);
  REQUIRE(read);
  return *read;
}

OperatorApplications one(OperatorApplication application) {
  Result<OperatorApplications> made = OperatorApplications::make({std::move(application)});
  REQUIRE(made);
  return *std::move(made);
}

bool is_refused(OperatorApplication application) {
  return !OperatorApplications::make({std::move(application)}).ok();
}

OperatorApplication bus() {
  return {.name = "bus",
          .transports = over_tcp,
          .ports = {7800},
          .client = {pattern("42 55 ?? 31")},
          .server = {pattern("6f6b", 8)}};
}

}  // namespace

TEST_CASE("operator-defined: both sides of a stream must match, byte by byte") {
  const OperatorApplications all = one(bus());
  const std::string client = "BUS1 hello", server = "say ok\n";
  for (size_t size = 0; size <= client.size() + server.size(); size++) {
    const std::string early = client.substr(0, size);
    const std::string late = size > client.size() ? server.substr(0, size - client.size()) : "";
    const Sample sample{.client = early, .server = late};
    const Claim expected = late.size() >= 6 ? Claim::sure : Claim::more;
    CHECK(all.recognise(opening_of(sample)).claim == expected);
  }
}

TEST_CASE("operator-defined: other bytes, and those that come too late, are refused") {
  const OperatorApplications all = one(bus());
  const Sample other{.client = "BAS1", .server = "ok"};
  CHECK(all.recognise(opening_of(other)).claim == Claim::no);
  const Sample late{.client = "BUS1", .server = "not yet ok"};
  CHECK(all.recognise(opening_of(late)).claim == Claim::no);
}

TEST_CASE("operator-defined: turned round only where nobody saw who opened the flow") {
  const OperatorApplications all = one(bus());
  const Sample turned{.client = "ok", .server = "BUS1"};
  Opening opening = opening_of(turned);
  CHECK(all.recognise(opening).claim == Claim::no);
  opening.direction_seen = false;
  CHECK(all.recognise(opening).claim == Claim::sure);
  CHECK(all.recognise(opening).swapped);
}

TEST_CASE("operator-defined: one datagram of either side is enough") {
  OperatorApplication telemetry = bus();
  telemetry.transports = over_udp;
  const OperatorApplications all = one(telemetry);
  const Sample asks{.client = "BUX1", .transport = over_udp}, answers{.server = "ok", .transport = over_udp};
  CHECK(all.recognise(opening_of(asks)).claim == Claim::sure);
  CHECK(all.recognise(opening_of(answers)).claim == Claim::sure);
  const Sample neither{.client = "hello", .transport = over_udp};
  CHECK(all.recognise(opening_of(neither)).claim == Claim::no);
  const Sample stream{.client = "BUS1", .server = "ok"};
  CHECK(all.recognise(opening_of(stream)).claim == Claim::no);
}

TEST_CASE("operator-defined: the flow's port decides between two that match") {
  OperatorApplication plain = bus(), at_port = bus();
  plain.name = "plain";
  plain.ports = {1};
  Result<OperatorApplications> made = OperatorApplications::make({plain, at_port});
  REQUIRE(made);
  Sample sample{.client = "BUS1", .server = "ok", .server_port = 7800};
  CHECK(made->name(made->recognise(opening_of(sample)).number) == "bus");
  sample.server_port = 2;
  CHECK(made->name(made->recognise(opening_of(sample)).number) == "plain");
}

TEST_CASE("operator-defined: what is no pattern is refused") {
  for (const char* text : {"", "4", "4g", "42 5", "? 42", "4?"}) CHECK_FALSE(read_pattern(text, 0).ok());
}

TEST_CASE("operator-defined: names, numbers and limits are checked") {
  OperatorApplication wrong = bus();
  for (const char* name : {"", "Bus", "a b", "http", "https", "a/b"}) {
    wrong.name = name;
    CHECK(is_refused(wrong));
  }
  wrong = bus();
  wrong.client = {pattern("????")};
  CHECK(is_refused(wrong));
  wrong.client = {pattern("424242", 2)};
  CHECK(is_refused(wrong));
  wrong.client = {pattern("42", 257)};
  CHECK(is_refused(wrong));
  wrong.client.assign(5, pattern("42"));
  CHECK(is_refused(wrong));
  wrong.client = wrong.server = {};
  CHECK(is_refused(wrong));
  wrong = bus();
  wrong.transports = over_icmp;
  CHECK(is_refused(wrong));
  CHECK_FALSE(OperatorApplications::make({bus(), bus()}).ok());
  CHECK_FALSE(OperatorApplications::make(std::vector<OperatorApplication>(257, bus())).ok());
}

}  // namespace vmoat
