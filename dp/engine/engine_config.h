// EngineConfig: what an operator may set of the engine, live and over capture files.
#pragma once

#include "parse/walk.h"
#include "session/fragments.h"
#include "session/timeouts.h"

namespace vmoat {

struct EngineConfig {
  Timeouts timeouts;
  FragmentOptions fragments;
  TunnelPorts tunnel_ports;
};

}  // namespace vmoat
