// bench_protect: the loads through a bare bridge and through one beside it, whose guests vmoat protects at
// both ends or peers filter, by short turns. One JSON line per figure. A process of its own does the work, so
// that whatever ends it, its namespaces go with it and the pins are removed.
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cmath>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <string>

#include "guarded.h"
#include "guests/scene.h"
#include "loads.h"
#include "peers.h"
#include "plumb/bpffs.h"

using namespace vmoat;
using namespace vmoat::bench;

namespace {

constexpr int many_nics = 200;

enum class By { vmoat, filtered_bridge, firewall_bridges };
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
  double seconds = 1.5;  // of a load in a round, cut into turns
  std::string metric = "all";
  std::string variant;  // part of its name
  std::string pin_root;
};

/** HTTP is what connections say, and what is read all along. */
bool fits(const Variant& variant, const Load& load, const Options& options) {
  if (options.metric != "all" && options.metric != load.metric) return false;
  if (std::string_view(variant.name).find(options.variant) == std::string_view::npos) return false;
  const char* only = variant.kind == Kind::http         ? "conn"
                     : variant.kind == Kind::continuous ? "bulk"
                                                        : load.metric;
  return std::strcmp(load.metric, only) == 0;
}

constexpr double turn_seconds = 0.25;

/** What is compared: the same guests on the same bridge, of which one stays bare. */
struct Scenes {
  Scene bare, other;
  explicit Scenes(Wire wire) : bare(wire), other(wire) {}
};

/** Each turn between two of the bare bridge: the machine is not as fast at all times. */
void by_turns(const Scenes& scenes, const Load& load, std::string_view variant, const Options& options,
              Kind kind = Kind::plain) {
  const LoadOptions how = {.seconds = turn_seconds, .http = kind != Kind::plain};
  const auto turns = std::max<long>(1, std::lround(options.seconds / turn_seconds));
  load.run(scenes.bare, how, "bare bridge");
  for (long turn = 0; turn < turns; turn++) {
    load.run(scenes.other, how, variant);
    load.run(scenes.bare, how, "bare bridge");
  }
}

void measure_guarded(const Scenes& scenes, const Load& load, const Variant& variant, const Options& options) {
  constexpr Rules rules[] = {Rules::ports, Rules::application, Rules::continuous};  // by Kind
  Guarded guarded({.enforcer = variant.enforcer,
                   .hook = variant.hook,
                   .rules = rules[static_cast<size_t>(variant.kind)],
                   .pin_root = options.pin_root});
  scenes.other.introduce();
  guarded.switch_to(Mode::protect);
  by_turns(scenes, load, variant.name, options, variant.kind);
}

void measure(const Scenes& scenes, const Load& load, const Variant& variant, const Options& options) {
  if (variant.by == By::vmoat) return measure_guarded(scenes, load, variant, options);
  std::optional<FilteredBridge> filtered;
  std::optional<FirewallBridges> bridges;
  if (variant.by == By::filtered_bridge) filtered.emplace();
  if (variant.by == By::firewall_bridges) bridges.emplace();
  by_turns(scenes, load, variant.name, options);
}

void compare(const Options& options) {
  const Scenes scenes(options.wire == "tap" ? Wire::tap : Wire::veth);
  for (int number = 0; number < options.rounds; number++)
    for (const Load& load : loads())
      for (const Variant& variant : variants)
        if (fits(variant, load, options)) measure(scenes, load, variant, options);
}

/** udp and rr, with that many NICs on each bridge. */
void guard_many(const Scenes& scenes, const char* enforcer, const Options& options) {
  Guarded guarded({.enforcer = enforcer, .pin_root = options.pin_root, .nics = many_nics});
  scenes.other.introduce();
  print("into protect", enforcer, guarded.switch_to(Mode::protect));
  for (const Load& load : loads())
    if (std::strcmp(load.metric, "udp") == 0 || std::strcmp(load.metric, "rr") == 0)
      by_turns(scenes, load, enforcer, options);
  print("out of protect", enforcer, guarded.switch_to(Mode::monitor));
}

void many(const Options& options) {
  Scenes scenes(Wire::veth);
  scenes.bare.add_quiet_guests(many_nics - 2);
  scenes.other.add_quiet_guests(many_nics - 2);
  for (int number = 0; number < options.rounds; number++)
    for (const char* enforcer : {"splice", "inplace"}) guard_many(scenes, enforcer, options);
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
