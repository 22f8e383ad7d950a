// For tests: the hooks by which a data plane may tap here.
#pragma once

#include <vector>

#include "engine/dataplane.h"
#include "plumb/test_kernel.h"

namespace vmoat::test {

/** Every one that this kernel must have. */
inline std::vector<HookChoice> hooks_here() {
  std::vector<HookChoice> hooks;
  for (const bool tcx : hooks_by_tcx()) hooks.push_back(tcx ? HookChoice::tcx : HookChoice::clsact);
  return hooks;
}

}  // namespace vmoat::test
