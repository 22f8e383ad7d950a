// bench_protect: the loads through a bare bridge, through one whose guests vmoat protects at both ends, and
// through its peers, by turns. One JSON line per figure. A process of its own does the work, so that
// whatever ends it, its namespaces go with it and the pins are removed.
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <string>
#include <utility>

#include "guarded.h"
#include "guests/scene.h"
#include "loads.h"
#include "peers.h"
#include "plumb/bpffs.h"

using namespace vmoat;
using namespace vmoat::bench;

namespace {

constexpr int many_nics = 200;

enum class By { nobody, vmoat, filtered_bridge, firewall_bridges };
enum class Kind { plain, http, continuous };

struct Variant {
  const char* name;
  By by;
  const char* enforcer = "";
  HookChoice hook = HookChoice::automatic;
  Kind kind = Kind::plain;
};

constexpr std::array variants = {
    Variant{"splice, TCX", By::vmoat, "splice", HookChoice::tcx},
    Variant{"inplace, TCX", By::vmoat, "inplace", HookChoice::tcx},
    Variant{"splice, clsact", By::vmoat, "splice", HookChoice::clsact},
    Variant{"inplace, clsact", By::vmoat, "inplace", HookChoice::clsact},
    Variant{"br_netfilter + conntrack", By::filtered_bridge},
    Variant{"Proxmox-style firewall bridge", By::firewall_bridges},
    Variant{"splice, application rules", By::vmoat, "splice", HookChoice::automatic, Kind::http},
    Variant{"inplace, application rules", By::vmoat, "inplace", HookChoice::automatic, Kind::http},
    Variant{"splice, continuous rules", By::vmoat, "splice", HookChoice::automatic, Kind::continuous},
    Variant{"inplace, continuous rules", By::vmoat, "inplace", HookChoice::automatic, Kind::continuous},
};

struct Options {
  std::string wire;
  int rounds = 1;
  double seconds = 1.5;  // each load meets a report
  std::string metric = "all";
  std::string variant;  // part of its name
  std::string pin_root;
};

/** HTTP is what connections say, and what is read all along. */
bool fits(const Variant& variant, const Load& load, const Options& options) {
  if (std::string_view(variant.name).find(options.variant) == std::string_view::npos) return false;
  const char* only = variant.kind == Kind::http         ? "conn"
                     : variant.kind == Kind::continuous ? "bulk"
                                                        : load.metric;
  return std::strcmp(load.metric, only) == 0;
}

void measure(const Scene& scene, const Load& load, const Variant& variant, const Options& options) {
  constexpr useconds_t settle_us = 100'000;
  ::usleep(settle_us);
  load.run(scene, {.seconds = options.seconds, .http = variant.kind != Kind::plain}, variant.name);
}

void measure_guarded(const Scene& scene, const Load& load, const Variant& variant, const Options& options) {
  constexpr Rules rules[] = {Rules::ports, Rules::application, Rules::continuous};  // by Kind
  Guarded guarded({.enforcer = variant.enforcer,
                   .hook = variant.hook,
                   .rules = rules[static_cast<size_t>(variant.kind)],
                   .pin_root = options.pin_root});
  scene.introduce();
  guarded.switch_to(Mode::protect);
  measure(scene, load, variant, options);
}

void measure_with(const Scene& scene, const Load& load, const Variant& variant, const Options& options) {
  if (variant.by == By::vmoat) return measure_guarded(scene, load, variant, options);
  std::optional<FilteredBridge> filtered;
  std::optional<FirewallBridges> bridges;
  if (variant.by == By::filtered_bridge) filtered.emplace();
  if (variant.by == By::firewall_bridges) bridges.emplace();
  measure(scene, load, variant, options);
}

/** Before each variant, and after it, the bare bridge: the machine is not as fast at all times. */
void by_turns(const Scene& scene, const Load& load, Kind kind, const Options& options) {
  const Variant bare = {"bare bridge", By::nobody, "", HookChoice::automatic, kind};
  bool was_bare = false;
  for (const Variant& variant : variants) {
    if (variant.kind != kind || !fits(variant, load, options)) continue;
    if (!std::exchange(was_bare, true)) measure_with(scene, load, bare, options);
    measure_with(scene, load, variant, options);
    measure_with(scene, load, bare, options);
  }
}

void round(const Scene& scene, const Options& options) {
  for (const Load& load : loads()) {
    if (options.metric != "all" && options.metric != load.metric) continue;
    for (const Kind kind : {Kind::plain, Kind::http, Kind::continuous}) by_turns(scene, load, kind, options);
  }
}

void compare(const Options& options) {
  const Scene scene(options.wire == "tap" ? Wire::tap : Wire::veth);
  for (int number = 0; number < options.rounds; number++) round(scene, options);
}

/** udp and rr, with that many NICs on the bridge. */
void measure_many(const Scene& scene, const char* variant, const Options& options) {
  for (const Load& load : loads())
    if (std::strcmp(load.metric, "udp") == 0 || std::strcmp(load.metric, "rr") == 0)
      load.run(scene, {.seconds = options.seconds}, variant);
}

void guard_many(const Scene& scene, const char* enforcer, const Options& options) {
  Guarded guarded({.enforcer = enforcer, .pin_root = options.pin_root, .nics = many_nics});
  scene.introduce();
  print("into protect", enforcer, guarded.switch_to(Mode::protect));
  measure_many(scene, enforcer, options);
  print("out of protect", enforcer, guarded.switch_to(Mode::monitor));
}

void many(const Options& options) {
  Scene scene(Wire::veth);
  scene.add_quiet_guests(many_nics - 2);
  for (int number = 0; number < options.rounds; number++) {
    measure_many(scene, "bare bridge", options);
    for (const char* enforcer : {"splice", "inplace"}) guard_many(scene, enforcer, options);
  }
}

int work(const Options& options) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  options.wire == "many" ? many(options) : compare(options);
  return 0;
}

volatile sig_atomic_t worker = 0;

void end_worker(int) {
  ::kill(worker, SIGKILL);
}

/** The exit code. */
int watch_over(pid_t child, const Options& options) {
  worker = child;
  for (int signal : {SIGINT, SIGTERM, SIGHUP}) std::signal(signal, end_worker);
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (Status removed = remove_tree(options.pin_root); !removed)
    std::fprintf(stderr, "%s\n", removed.error().what.c_str());
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

}  // namespace

/** bench_protect veth|tap|many ROUNDS [SECONDS [METRIC [VARIANT]]] */
int main(int argc, char** argv) {
  if (argc < 3)
    return std::fprintf(stderr, "usage: bench_protect veth|tap|many ROUNDS [SECONDS [METRIC [VARIANT]]]\n"),
           2;
  Options options = {.wire = argv[1],
                     .rounds = std::atoi(argv[2]),
                     .pin_root = "/sys/fs/bpf/vmt-bench-protect-" + std::to_string(::getpid())};
  if (argc > 3) options.seconds = std::atof(argv[3]);
  if (argc > 4) options.metric = argv[4];
  if (argc > 5) options.variant = argv[5];
  const pid_t child = ::fork();
  if (child == 0) std::exit(work(options));
  return child < 0 ? 1 : watch_over(child, options);
}
