// The engine's own settings as JavaScript gives them, for the live data plane and for capture files alike.
#pragma once

#include "base/result.h"
#include "binding/exports.h"
#include "engine/engine_config.h"

namespace vmoat::binding {

/** Reads the keys that are there; the others keep their defaults. An Error names a key with a wrong value. */
Result<EngineConfig> engine_config(const Napi::Object& given);

}  // namespace vmoat::binding
