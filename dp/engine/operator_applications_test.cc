// The operator's own applications in a pipeline: asked last, named in records by numbers behind the
// registry's.
#include <doctest/doctest.h>

#include "apps/operator_defined.h"
#include "engine/test_pipeline.h"

namespace vmoat::test {
namespace {

PipelineOptions options_with(std::string_view client, std::string_view server) {
  OperatorApplication bus{.name = "bus", .transports = over_tcp, .ports = {7800}};
  if (!client.empty()) bus.client = {*read_pattern(client, 0)};
  if (!server.empty()) bus.server = {*read_pattern(server, 0)};
  PipelineOptions options = small_options();
  options.applications =
      std::make_shared<const OperatorApplications>(*OperatorApplications::make({std::move(bus)}));
  return options;
}

/** Both ends speak, the client byte by byte. */
void talk(Rig& rig, std::string_view client, std::string_view server) {
  rig.ip(1, 2, 6, tcp(40000, 7800, 100, 0, 2));
  rig.ip(2, 1, 6, tcp(7800, 40000, 500, 101, 18));
  uint32_t at = 101;
  for (char c : client) rig.ip(1, 2, 6, tcp(40000, 7800, at++, 501, 24, text({&c, 1})));
  rig.ip(2, 1, 6, tcp(7800, 40000, 501, at, 24, text(server)));
}

}  // namespace

TEST_CASE("an operator's application is named where both sides match") {
  Rig rig(options_with("425553", "6f6b"));
  talk(rig, "BUS hello", "ok");
  const auto& flows = rig.finish();
  REQUIRE(flows.size() == 1);
  CHECK(flows[0].layers[0] == applications().size() + 1);
  CHECK(flows[0].confidence == Confidence::sure);
}

TEST_CASE("a flow that does not match stays unknown") {
  Rig rig(options_with("425553", "6f6b"));
  talk(rig, "BUS hello", "no");
  CHECK(rig.finish()[0].layers[0] == 0);
}

TEST_CASE("vmoat's own recognisers come first") {
  Rig rig(options_with("474554", ""));
  rig.http(1, 40001);
  CHECK(rig.finish()[0].app == "http");
}

}  // namespace vmoat::test
