// Traffic: four loads between two namespaces, and how much of each came through.
#pragma once

#include <atomic>
#include <cstdint>
#include <string_view>

#include "base/fd.h"

namespace vmoat::bench {

struct Ends {
  const Fd& client;  // namespaces
  const Fd& server;
  double seconds = 0.6;
  /** Counts what udp() and conn() get through, while they run; may be null. */
  std::atomic<uint64_t>* done = nullptr;
  /** What each side of a connection of conn() says; bulk() begins with the request, and goes on with `rest`
   * again and again, zeros where it is empty. */
  std::string_view request = "x", reply = "x", rest = {};
};

struct RoundTrips {
  double p50_us = 0, p99_us = 0, p999_us = 0;
};

/** One TCP stream; Gbit/s of payload received. */
double bulk(const Ends& ends);
/** Frames of 64 bytes with FCS; packets per second received. */
double udp(const Ends& ends);
/** Connect, a request and its reply, close; connections per second. */
double conn(const Ends& ends);
/** One byte to and fro on one connection. */
RoundTrips round_trips(const Ends& ends);
/** Their median, µs. */
double rr(const Ends& ends);

}  // namespace vmoat::bench
