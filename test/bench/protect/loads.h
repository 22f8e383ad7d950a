// Loads: what is measured, and how its figures are printed: a JSON line each.
#pragma once

#include <span>
#include <string_view>

#include "guests/scene.h"

namespace vmoat::bench {

struct LoadOptions {
  double seconds = 0.5;
  /** What conn's two sides and bulk's client say is HTTP, which the engine knows by that. */
  bool http = false;
};

struct Load {
  const char* metric;
  void (*run)(const Scene& scene, const LoadOptions& options, std::string_view variant);
};

/** bulk, udp, conn, rr. */
std::span<const Load> loads();
/** {"metric","variant","value"}; a value that is none is 0. */
void print(std::string_view metric, std::string_view variant, double value);

}  // namespace vmoat::bench
