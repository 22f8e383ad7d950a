// Fuzz targets: everything that reads hostile bytes, made from the registries, so that a new parser is a
// target without a line here.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/byte_reader.h"

namespace vmoat {

/** `run` aborts (or trips a sanitizer) when the code under test is wrong. */
struct FuzzTarget {
  std::string
      name;  // app-NAME, content-NAME, header-NAME, frame…, pipeline, policy: also the folder of its corpus
  std::function<void(Bytes)> run;
};

/** One per application recogniser, one per splitter with all threats behind it, one per frame parser, the
 * kernel's parser against the engine's (as root), the whole pipeline, and the
 * policy's tables. */
std::vector<FuzzTarget> fuzz_targets();

}  // namespace vmoat
