// bench_observe: the loads through a bare bridge and through one that vmoat observes at both ends, by
// turns. One JSON line per figure: {"metric","variant","value"}; at the end how much vmoat lost, if anything.
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "engine/dataplane.h"
#include "guests/quiet_sink.h"
#include "guests/scene.h"
#include "guests/traffic.h"

using namespace vmoat;
using namespace vmoat::bench;

namespace {

class Counter final : public QuietSink {
 public:
  void nics(uint64_t, std::span<const TappedNic> table) override { taps = table.size(); }
  void status(const DataplaneStatus& s) override {
    most_lost = std::max(most_lost, s.lost.ring + s.lost.budget + s.lost.table + s.lost.quota + s.lost.read);
  }
  size_t taps = 0;
  uint64_t most_lost = 0;  // by one run
};

constexpr double counted_seconds_min = 0.2;  // shorter runs are to warm up

struct Load {
  const char* metric;
  double (*run)(const Ends&);
};
constexpr Load loads[] = {{"bulk", bulk}, {"udp", udp}, {"conn", conn}, {"rr", rr}};

void measure(const Scene& scene, const Load& load, const char* variant, double seconds) {
  const double value = load.run({scene.guest(0), scene.guest(1), seconds});
  if (seconds < counted_seconds_min) return;
  std::printf("{\"metric\":\"%s\",\"variant\":\"%s\",\"value\":%.6g}\n", load.metric, variant, value);
  std::fflush(stdout);
}

struct Options {
  const char* metric = nullptr;  // null: all
  double seconds = 0.5;
};

/** Observed from a little before to a little after the load. */
void observed(const Scene& scene, const DataplaneConfig& config, const Load& load, double seconds,
              Counter& counter) {
  auto dataplane = Dataplane::start(config, counter);
  if (!dataplane) {
    std::fprintf(stderr, "%s\n", dataplane.error().what.c_str());
    std::exit(1);
  }
  ::usleep(100000);
  measure(scene, load, "vmoat", seconds);
  if (Status stopped = (*dataplane)->stop(true); !stopped)
    std::fprintf(stderr, "%s\n", stopped.error().what.c_str());
}

/** A pair of runs, close together; which comes first changes by turns, so that no drift favours one. */
void round(const Scene& scene, const DataplaneConfig& config, const Options& options, bool bare_first,
           Counter& counter) {
  for (const Load& load : loads) {
    if (options.metric && std::strcmp(options.metric, load.metric) != 0) continue;
    if (bare_first) measure(scene, load, "bare bridge", options.seconds);
    observed(scene, config, load, options.seconds, counter);
    if (!bare_first) measure(scene, load, "bare bridge", options.seconds);
  }
}

}  // namespace

/** bench_observe veth|tap ROUNDS [auto|tcx|clsact [METRIC|all [SECONDS]]] */
int main(int argc, char** argv) {
  if (argc < 3)
    return std::fprintf(stderr,
                        "usage: bench_observe veth|tap ROUNDS [auto|tcx|clsact [METRIC|all [SECONDS]]]\n"),
           2;
  const Scene scene(std::strcmp(argv[1], "tap") == 0 ? Wire::tap : Wire::veth);
  DataplaneConfig config;
  config.names = {Scene::host_ends};
  config.report_interval_ms = 250;  // four times as often as usual: a load must meet some reports
  config.pin_root = "/sys/fs/bpf/vmt-bench-" + std::to_string(::getpid());
  if (argc > 3 && std::strcmp(argv[3], "tcx") == 0) config.hook = HookChoice::tcx;
  if (argc > 3 && std::strcmp(argv[3], "clsact") == 0) config.hook = HookChoice::clsact;
  Options options;
  if (argc > 4 && std::strcmp(argv[4], "all") != 0) options.metric = argv[4];
  if (argc > 5) options.seconds = std::atof(argv[5]);
  Counter counter;
  const int rounds = std::atoi(argv[2]);
  round(scene, config, {options.metric, 0.1}, true, counter);  // to warm up
  for (int i = 0; i < rounds; i++) round(scene, config, options, i % 2 == 0, counter);
  std::printf("{\"metric\":\"taps\",\"variant\":\"vmoat\",\"value\":%zu}\n", counter.taps);
  std::printf("{\"metric\":\"lost\",\"variant\":\"vmoat\",\"value\":%llu}\n",
              static_cast<unsigned long long>(counter.most_lost));
  return 0;
}
