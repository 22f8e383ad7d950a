#include "fuzz/targets.h"

#include "apps/application.h"
#include "fuzz/content_input.h"
#include "fuzz/kernel_input.h"
#include "fuzz/opening_input.h"
#include "fuzz/pipeline_input.h"
#include "fuzz/policy_input.h"
#include "parse/walk.h"

namespace vmoat {

using Copy = std::vector<uint8_t>;  // on the heap: a read past its end is seen

namespace {

/** frame, frame-raw … are whole frames; all others take one header. */
std::string parser_target(std::string_view name) {
  return name.starts_with("frame") ? std::string(name) : "header-" + std::string(name);
}

}  // namespace

std::vector<FuzzTarget> fuzz_targets() {
  std::vector<FuzzTarget> targets;
  for (const Application& app : applications())
    if (app.recognise)
      targets.push_back(
          {"app-" + std::string(app.name), [&app](Bytes bytes) { run_recogniser(app, bytes); }});
  for (const Splitter& splitter : splitters())
    targets.push_back({"content-" + std::string(splitter.application),
                       [&splitter](Bytes bytes) { run_splitter(splitter, bytes); }});
  for (const FrameParser& parser : frame_parsers())
    targets.push_back({parser_target(parser.name),
                       [&parser](Bytes bytes) { parser.run(Copy(bytes.begin(), bytes.end())); }});
  targets.push_back({"kernel-differential", run_kernel_differential});
  targets.push_back({"pipeline", run_pipeline});
  targets.push_back({"policy", run_policy});
  return targets;
}

}  // namespace vmoat
