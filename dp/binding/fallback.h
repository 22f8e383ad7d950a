// The fallback as a configuration names it.
#pragma once

#include <napi.h>

#include <memory>

#include "apps/ndpi.h"

namespace vmoat::binding {

/** "none", undefined: null; "ndpi": the library, or why it is not there. */
Result<std::shared_ptr<const Ndpi>> fallback(const Napi::Value& given);

}  // namespace vmoat::binding
