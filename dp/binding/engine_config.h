// The engine's own settings as JavaScript gives them, for the live data plane and for capture files alike.
#pragma once

#include "base/result.h"
#include "binding/exports.h"
#include "parse/walk.h"
#include "session/fragments.h"
#include "session/timeouts.h"

namespace vmoat::binding {

struct EngineConfig {
  Timeouts timeouts;
  FragmentOptions fragments;
  TunnelPorts tunnel_ports;
};

/** Reads the keys that are there; the others keep their defaults. An Error names a key with a wrong value. */
Result<EngineConfig> engine_config(const Napi::Object& given);

}  // namespace vmoat::binding
