// The registry of tap hooks.
#include "capture/tap_hook.h"

namespace vmoat {

std::span<const TapHook> tap_hooks() {
  static const TapHook hooks[] = {tcx_hook, clsact_hook};
  return hooks;
}

}  // namespace vmoat
