// bench_pcap: the offline engine over a file with no output but one line of figures, for npm run bench --
// pcap.
#include <sys/resource.h>

#include <cstdio>
#include <fstream>
#include <string>

#include "base/clock.h"
#include "engine/offline.h"

namespace {

/** Resident anonymous memory, bytes: what the engine holds, without the mapped file. */
long anonymous_bytes() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.starts_with("RssAnon:")) return std::stol(line.substr(8)) * 1024;
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return std::fprintf(stderr, "usage: bench_pcap FILE [SESSIONS_MAX]\n"), 2;
  vmoat::OfflineOptions options;
  if (argc > 2) options.pipeline.sessions_max = static_cast<uint32_t>(std::stoul(argv[2]));
  const long before = anonymous_bytes();
  long most = 0;  // at the first delivery of many flows all sessions of the trace are still open
  const int64_t start = vmoat::monotonic_ns();
  auto summary = vmoat::run_offline(argv[1], options, [&](vmoat::Bytes) {
    if (most == 0) most = anonymous_bytes();
  });
  const int64_t took = vmoat::monotonic_ns() - start;
  if (!summary) return std::fprintf(stderr, "bench_pcap: %s\n", argv[1]), 1;
  rusage use{};
  getrusage(RUSAGE_SELF, &use);
  const double cpu_s = static_cast<double>(use.ru_utime.tv_sec + use.ru_stime.tv_sec) +
                       static_cast<double>(use.ru_utime.tv_usec + use.ru_stime.tv_usec) / 1e6;
  const vmoat::OfflineSummary& s = *summary;
  std::printf(
      "{\"frames\":%llu,\"flows\":%llu,\"unparsed\":%llu,\"nsPerPacket\":%.1f,\"seconds\":%.4f,"
      "\"cpuSeconds\":%.4f,"
      "\"heldBytes\":%ld}\n",
      static_cast<unsigned long long>(s.frames), static_cast<unsigned long long>(s.flows),
      static_cast<unsigned long long>(s.counters.unparsed),
      static_cast<double>(took) / static_cast<double>(s.frames), static_cast<double>(took) / 1e9, cpu_s,
      most - before);
}
