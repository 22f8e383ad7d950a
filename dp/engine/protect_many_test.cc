// Protection of many NICs: they move together, so that a switch does not take a grace period for each of
// them.
#include <doctest/doctest.h>

#include <chrono>
#include <fstream>

#include "engine/dataplane.h"
#include "engine/protect_rig.h"
#include "engine/test_live.h"
#include "plumb/bpffs.h"
#include "plumb/own_namespace.h"

namespace vmoat::test {
namespace {

constexpr int nics = 64;

struct ManyLab {
  OwnNamespace space;
  const std::string pins = "/sys/fs/bpf/vmt-" + std::to_string(::getpid()) + "-many";
  const std::string script = "/tmp/vmt-" + std::to_string(::getpid()) + "-many";

  ManyLab() {
    std::ofstream lines(script);
    lines << "link add vmt-br type bridge\nlink set vmt-br up\n";
    for (int i = 0; i < nics; i++)
      lines << "link add " << name(i) << " type veth peer name p" << i << "\nlink set " << name(i)
            << " master vmt-br up\nlink set p" << i << " up\n";
    lines.close();
    REQUIRE(run("ip -batch " + script));
  }
  ~ManyLab() {
    (void)remove_tree(pins);
    ::unlink(script.c_str());
  }
  static std::string name(int i) { return "vmt" + std::to_string(i); }
};

PolicyTables all_in(Mode mode, uint64_t generation) {
  PolicyTables t;
  t.generation = generation;
  t.groups = {{.name = "any"}, {.name = "host"}, {.name = "external"}, {.name = "vm", .mode = mode}};
  for (int i = 0; i < nics; i++) t.nics.push_back({.tap = ManyLab::name(i), .groups = {0, 3}});
  t.unknown = {0};
  return t;
}

bool any_pair_left() {
  for (int i = 0; i < nics; i++)
    if (::if_nametoindex(("mp." + ManyLab::name(i)).c_str()) != 0) return true;
  return false;
}

}  // namespace

TEST_CASE("protect: many NICs are guarded together, and put back") {
  if (!has_root()) return;
  for (const EnforcerKind& kind : enforcers()) {
    const std::string which(kind.name);
    CAPTURE(which);
    ManyLab lab;
    Raised sink;
    DataplaneConfig config = small_tables();
    config.names = {"vmt[0-9]*"};
    config.pin_root = lab.pins;
    config.report_interval_ms = 50;
    config.enforce = true;
    config.enforcer = which;
    auto dp = Dataplane::start(config, sink);
    REQUIRE(dp.ok());
    for (int i = 0; i < nics; i++) REQUIRE(sink.slot_of(ManyLab::name(i)) != no_slot);
    uint64_t generation = 0;
    for (const Mode mode : {Mode::protect, Mode::learn}) {
      const auto wanted = mode == Mode::protect ? NicProtection::State::guarded : NicProtection::State::off;
      const auto begin = std::chrono::steady_clock::now();
      (*dp)->policy(all_in(mode, ++generation));
      CHECK(wait_for([&] {
        for (int i = 0; i < nics; i++)
          if (sink.protection_of(ManyLab::name(i)).state != wanted) return false;
        return wanted == NicProtection::State::guarded || !any_pair_left();
      }));
      const auto took = std::chrono::steady_clock::now() - begin;
      const std::string way = which + (mode == Mode::protect ? " in: " : " out: ");
      const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(took).count();
      MESSAGE(way << ms << " ms for " << nics << " NICs");
    }
    REQUIRE((*dp)->stop(true).ok());
  }
}

}  // namespace vmoat::test
