// In place; what happens to a frame stands in bpf/inplace.bpf.c.
#include "enforce/inplace.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include <cassert>
#include <ranges>

#include "bpf/inplace.skel.h"
#include "contract/kernel.h"
#include "plumb/bpffs.h"
#include "plumb/veth.h"

namespace vmoat {
namespace {

ProgramPlace inject_of(uint32_t outer) {
  return {outer, TrafficSide::ingress, "inject", true};
}
ProgramPlace wall_of(uint32_t inner) {
  return {inner, TrafficSide::ingress, "wall", true};
}

}  // namespace

struct Inplace::Object {
  inplace_bpf* skeleton = inplace_bpf__open();
  ~Object() { inplace_bpf__destroy(skeleton); }
  [[nodiscard]] int taps() const { return bpf_map__fd(skeleton->maps.inplace_taps); }
};

std::string Inplace::why_not(const EnforcedNic& nic) {
  if (nic.kind == "macvtap")
    return "a macvtap is observed only: what its guest receives cannot be put in again";
  if (!nic.seen_both_ways) return "only one way of the NIC's frames is seen";
  return {};
}

Inplace::Inplace(const EnforcerOptions& options, Netlink& netlink)
    : netlink_(netlink),
      programs_(netlink, options.pins + "/links", options.tcx),
      wall_(options.wall),
      netns_(options.netns),
      object_(std::make_unique<Object>()) {}

Inplace::~Inplace() = default;

Result<std::unique_ptr<Enforcer>> Inplace::open(const EnforcerOptions& options, Netlink& netlink) {
  for (const char* part : {"/maps", "/links"})
    if (Status made = ensure_pin_directory(options.pins + part); !made) return std::move(made.error());
  std::unique_ptr<Inplace> inplace(new Inplace(options, netlink));
  if (Status loaded = inplace->load(options); !loaded)
    return std::move(loaded.error()).in("load the in-place program");
  inplace->take_over();
  return Result<std::unique_ptr<Enforcer>>(std::move(inplace));
}

Status Inplace::load(const EnforcerOptions& options) {
  inplace_bpf* skeleton = object_->skeleton;
  if (!skeleton) return system_error("open the eBPF object");
  assert(options.reinjected != 0);
  skeleton->rodata->netns = options.netns;
  skeleton->rodata->reinjected = options.reinjected;
  bpf_map__set_pin_path(skeleton->maps.inplace_taps, (options.pins + "/maps/inplace_taps").c_str());
  if (inplace_bpf__load(skeleton) != 0) return system_error("eBPF verifier or map creation");
  return success();
}

void Inplace::take_over() {
  vmoat_tap_id id = {};
  uint32_t tap = 0;
  for (void* previous = nullptr; bpf_map_get_next_key(object_->taps(), previous, &id) == 0; previous = &id) {
    if (id.netns != netns_ || bpf_map_lookup_elem(object_->taps(), &id, &tap) != 0) continue;
    auto shape = link_shape(netlink_, id.ifindex);
    places_[tap].pair = {.inner = shape && *shape ? (*shape)->peer : 0, .outer = id.ifindex};
  }
}

Status Inplace::enter(uint32_t outer, uint32_t tap) {
  const vmoat_tap_id id = {netns_, outer};
  if (bpf_map_update_elem(object_->taps(), &id, &tap, BPF_ANY) != 0) return system_error("enter a tap");
  return success();
}

void Inplace::forget(uint32_t outer) {
  const vmoat_tap_id id = {netns_, outer};
  bpf_map_delete_elem(object_->taps(), &id);
}

Status Inplace::attach(const StandIn& pair) {
  if (Status s = programs_.put(wall_of(pair.inner), wall_, TcxPlace::first); !s) return s;
  return programs_.put(inject_of(pair.outer), bpf_program__fd(object_->skeleton->progs.inject),
                       TcxPlace::first);
}

Status Inplace::prepare(const EnforcedNic& nic) {
  auto pair = make_stand_in(netlink_, nic.tap, nic.name, StandInMac::own);
  if (!pair) return std::move(pair.error());
  places_[nic.tap] = {.pair = *pair, .name = nic.name};
  const auto all = [&]() -> Status {
    if (Status s = enter(pair->outer, nic.tap); !s) return s;
    if (Status s = attach(*pair); !s) return s;
    if (Status s = set_up(netlink_, pair->inner); !s) return s;
    return set_up(netlink_, pair->outer);
  };
  Status done = all();
  if (!done) (void)remove(nic.tap);
  return done ? std::move(done) : std::move(done.error()).in("prepare a way back in");
}

Result<Progress> Inplace::begin(const EnforcedNic& nic, const std::map<uint32_t, Link>& links) {
  if (const auto known = places_.find(nic.tap); known != places_.end()) {
    auto gone = is_gone(netlink_, links, known->second.pair.outer);
    if (!gone) return std::move(gone.error());
    if (*gone)
      if (Status removed = remove(nic.tap); !removed) return std::move(removed.error());
  }
  if (!places_.contains(nic.tap))
    if (Status made = prepare(nic); !made) return std::move(made.error());
  Place& place = places_[nic.tap];
  if (place.name.empty())  // the mark is another one in each run
    if (Status again = attach(place.pair); !again) return std::move(again.error());
  if (place.name != nic.name)
    if (Status named = follow_name(netlink_, place.pair, nic.name); !named) return std::move(named.error());
  place.name = nic.name;
  if (Status same = follow_shape(netlink_, links, nic.tap, place.pair, StandInMac::own); !same)
    return std::move(same.error());
  return Progress::done;
}

Result<Progress> Inplace::end(uint32_t tap) {
  if (Status gone = remove(tap); !gone) return std::move(gone.error());
  return Progress::done;
}

Status Inplace::remove(uint32_t tap) {
  const auto known = places_.find(tap);
  if (known == places_.end()) return success();
  const StandIn pair = known->second.pair;
  for (const ProgramPlace& at : {inject_of(pair.outer), wall_of(pair.inner)}) programs_.take_off(at);
  forget(pair.outer);
  places_.erase(tap);
  return give_up(netlink_, pair);
}

EnforcedPath Inplace::path(uint32_t tap) const {
  const auto place = places_.find(tap);
  if (place == places_.end()) return {};
  return {.guest = tap, .network = place->second.pair.inner};
}

std::vector<uint32_t> Inplace::taps() const {
  const auto taps = std::views::keys(places_);
  return {taps.begin(), taps.end()};
}

void Inplace::hide(std::map<uint32_t, Link>& links) const {
  for (const auto& [tap, place] : places_) {
    links.erase(place.pair.inner);
    links.erase(place.pair.outer);
  }
}

const EnforcerKind inplace_enforcer = {"inplace", "it serves every tap", Inplace::why_not, Inplace::open};

}  // namespace vmoat
