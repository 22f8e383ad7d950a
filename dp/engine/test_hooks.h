// For tests: the hooks by which a data plane may tap here.
#pragma once

#include <string>
#include <string_view>
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

/** An enforcer and a hook, for people. */
inline std::string which_of(std::string_view enforcer, HookChoice hook) {
  const char* by = hook == HookChoice::tcx ? " by TCX" : hook == HookChoice::clsact ? " by clsact" : "";
  return std::string(enforcer) + by;
}

}  // namespace vmoat::test
