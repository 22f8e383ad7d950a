// bench_live: one of observe's loads through real taps, without an end, for somebody else to observe: a JSON
// line
// {"ns","done"} every 10 ms, monotonic clock. Bridge and taps are in the network namespace of the process.
#include <unistd.h>

#include <cstdio>
#include <cstring>

#include "base/clock.h"
#include "guests/scene.h"
#include "guests/traffic.h"

using namespace vmoat;
using namespace vmoat::bench;

namespace {

constexpr useconds_t sample_us = 10'000;
constexpr double without_end = 1e6;  // s

/** Until nobody reads any more. */
void tell(const std::atomic<uint64_t>& done) {
  for (;;) {
    std::printf("{\"ns\":%lld,\"done\":%llu}\n", static_cast<long long>(monotonic_ns()),
                static_cast<unsigned long long>(done.load()));
    if (std::fflush(stdout) != 0) ::_exit(0);
    ::usleep(sample_us);
  }
}

}  // namespace

/** bench_live conn|udp */
int main(int argc, char** argv) {
  const bool is_udp = argc == 2 && std::strcmp(argv[1], "udp") == 0;
  if (!is_udp && (argc != 2 || std::strcmp(argv[1], "conn") != 0))
    return std::fprintf(stderr, "usage: bench_live conn|udp\n"), 2;
  const Scene scene(Wire::tap);
  std::atomic<uint64_t> done = 0;
  std::thread([&] { tell(done); }).detach();
  const Ends ends{scene.guest(0), scene.guest(1), without_end, &done};
  (void)(is_udp ? udp(ends) : conn(ends));
  return 0;
}
