// Traffic: four loads between two namespaces, and how much of each came through.
#pragma once

#include <atomic>
#include <cstdint>

#include "base/fd.h"

namespace vmoat::bench {

struct Ends {
  const Fd& client;  // namespaces
  const Fd& server;
  double seconds = 0.6;
  /** Counts what udp() and conn() get through, while they run; may be null. */
  std::atomic<uint64_t>* done = nullptr;
};

/** One TCP stream; Gbit/s of payload received. */
double bulk(const Ends& ends);
/** Frames of 64 bytes with FCS; packets per second received. */
double udp(const Ends& ends);
/** Connect, one byte each way, close; connections per second. */
double conn(const Ends& ends);
/** One byte to and fro on one connection; median round trip, µs. */
double rr(const Ends& ends);

}  // namespace vmoat::bench
