// The splice, step by step; what each stage means for a frame stands in bpf/splice.bpf.c.
#include "enforce/splice.h"

#include <linux/if_link.h>

#include <algorithm>
#include <ranges>

#include "plumb/bpffs.h"
#include "plumb/veth.h"

namespace vmoat {
namespace {

constexpr const char* bridge_kind = "bridge";

ProgramPlace carry_out_of(uint32_t tap) {
  return {tap, TrafficSide::ingress, "carry-out"};
}
ProgramPlace gate_of(uint32_t tap) {
  return {tap, TrafficSide::egress, "gate"};
}
ProgramPlace carry_in_of(uint32_t port) {
  return {port, TrafficSide::egress, "carry-in", true};
}
ProgramPlace wall_of(uint32_t inner) {
  return {inner, TrafficSide::ingress, "wall", true};
}

const std::map<uint16_t, std::vector<uint8_t>>& while_waiting() {
  static const std::map<uint16_t, std::vector<uint8_t>> off = {{IFLA_BRPORT_LEARNING, {0}},
                                                               {brport_mab, {0}},
                                                               {IFLA_BRPORT_UNICAST_FLOOD, {0}},
                                                               {IFLA_BRPORT_MCAST_FLOOD, {0}},
                                                               {IFLA_BRPORT_BCAST_FLOOD, {0}}};
  return off;
}

Result<BridgePort> port_of(Netlink& netlink, uint32_t ifindex) {
  auto port = bridge_port(netlink, ifindex);
  if (!port) return std::move(port.error());
  if (!*port) return Error{"the link is in no bridge", EINVAL};
  return **port;
}

/** One that is down in the bridge has been left half-way: by an error, or by an earlier run. */
bool has_joined(const std::optional<BridgePort>& port, uint32_t bridge) {
  return port && port->bridge == bridge && port->state != PortState::disabled;
}

uint32_t master_of(const std::map<uint32_t, Link>& links, uint32_t ifindex) {
  const auto link = links.find(ifindex);
  return link != links.end() ? link->second.master : 0;
}

}  // namespace

std::string Splice::why_not(const EnforcedNic& nic) {
  if (nic.master == 0) return "the tap is in no bridge";
  if (nic.master_kind != bridge_kind) return "the tap is in no Linux bridge (" + nic.master_kind + ")";
  if (nic.filtered)
    return "rules of libvirt's own (filterref) name the tap, and would say nothing of a port of ours";
  if (nic.limited)
    return "libvirt limits at the tap what the guest sends (bandwidth), past which a splice goes";
  if (!nic.seen_both_ways) return "only one way of the NIC's frames is seen";
  return {};
}

Splice::Splice(const EnforcerOptions& options, Netlink& netlink, std::unique_ptr<SpliceMap> map)
    : netlink_(netlink),
      programs_(netlink, options.pins + "/links", options.tcx),
      wall_(options.wall),
      is_handed_on_(options.hand_on >= 0),
      map_(std::move(map)) {}

Result<std::unique_ptr<Enforcer>> Splice::open(const EnforcerOptions& options, Netlink& netlink) {
  for (const char* part : {"/maps", "/links"})
    if (Status made = ensure_pin_directory(options.pins + part); !made) return std::move(made.error());
  auto map = SpliceMap::open(options.pins + "/maps", options);
  if (!map) return std::move(map.error());
  std::unique_ptr<Splice> splice(new Splice(options, netlink, std::move(*map)));
  splice->take_over();
  if (Status done = splice->hand_on_where_needed(); !done) return std::move(done.error());
  return Result<std::unique_ptr<Enforcer>>(std::move(splice));
}

void Splice::take_over() {
  for (uint32_t index = 0; index < VMOAT_SLOTS; index++) {
    const vmoat_splice splice = map_->at(index);
    if (splice.tap == 0) continue;
    Place place = {.index = index, .pair = {.outer = splice.port}, .is_apart = splice.apart != 0};
    auto shape = link_shape(netlink_, splice.port);
    if (shape && *shape) place.pair.inner = (*shape)->peer, place.bridge = (*shape)->master;
    if (auto port = bridge_port(netlink_, splice.port); port && *port) (void)remember(place, **port);
    places_[splice.tap] = place;
  }
}

Result<uint32_t> Splice::free_index() const {
  std::vector<bool> taken(VMOAT_SLOTS);
  for (const auto& [tap, place] : places_) taken[place.index] = true;
  const auto free = std::ranges::find(taken, false);
  if (free != taken.end()) return static_cast<uint32_t>(free - taken.begin());
  return Error{"there is room for " + std::to_string(VMOAT_SLOTS) + " splices", ENOSPC};
}

vmoat_stage Splice::stage(uint32_t tap) const {
  const auto place = places_.find(tap);
  return place == places_.end() ? VMOAT_STANDBY
                                : static_cast<vmoat_stage>(map_->at(place->second.index).stage);
}

EnforcedPath Splice::path(uint32_t tap) const {
  const auto place = places_.find(tap);
  if (place == places_.end()) return {};
  return {.guest = tap, .network = place->second.pair.inner, .stand_in = place->second.pair.outer};
}

std::vector<uint32_t> Splice::taps() const {
  const auto taps = std::views::keys(places_);
  return {taps.begin(), taps.end()};
}

void Splice::hide(std::map<uint32_t, Link>& links) const {
  for (const auto& [ifindex, place] : places_) {
    const auto port = links.find(place.pair.outer), tap = links.find(ifindex);
    if (port != links.end() && tap != links.end() && tap->second.master == 0)
      tap->second.master = port->second.master, tap->second.pvid = port->second.pvid;
    links.erase(place.pair.inner);
    links.erase(place.pair.outer);
  }
}

/** The tap's programs are not the last ones where others hang there, which are to see what the guest sends.
 */
Result<bool> Splice::is_to_be_apart(uint32_t tap) {
  return is_handed_on_ ? programs_.has_others(carry_out_of(tap), 1) : true;
}

Status Splice::attach(uint32_t tap, const Place& place) {
  if (Status s = programs_.put(wall_of(place.pair.inner), wall_, TcxPlace::first); !s) return s;
  if (Status s = programs_.put(carry_in_of(place.pair.outer), map_->carry_in(), TcxPlace::last); !s) return s;
  if (!place.is_apart) return success();
  if (Status s = programs_.put(gate_of(tap), map_->gate(), TcxPlace::first); !s) return s;
  return programs_.put(carry_out_of(tap), map_->carry_out(), TcxPlace::last);
}

/** NICs that nobody splices pay for it as well. */
Status Splice::hand_on_where_needed() {
  return is_handed_on_ ? map_->hand_on(!places_.empty()) : success();
}

/** Makes the port, which joins the bridge as soon as it is asked for. */
Status Splice::prepare(const EnforcedNic& nic) {
  auto index = free_index();
  if (!index) return std::move(index.error());
  auto apart = is_to_be_apart(nic.tap);
  if (!apart) return std::move(apart.error());
  // the tap's own MAC for its stand-in: the bridge's address is the lowest one of its ports, and must not
  // change
  auto pair = make_stand_in(netlink_, nic.tap, nic.name, StandInMac::of_tap);
  if (!pair) return std::move(pair.error());
  const Place& place = places_[nic.tap] = {
      .index = *index, .pair = *pair, .name = nic.name, .is_ours = true, .is_apart = *apart};
  const auto all = [&]() -> Status {
    if (Status s = map_->set(*index, {.tap = nic.tap, .port = pair->outer, .apart = *apart}); !s) return s;
    if (Status s = attach(nic.tap, place); !s) return s;
    if (Status s = hand_on_where_needed(); !s) return s;
    return set_up(netlink_, pair->inner);
  };
  Status done = all();
  if (!done) (void)clear(nic.tap);
  return done ? std::move(done) : std::move(done.error()).in("prepare a splice");
}

Status Splice::refresh(const EnforcedNic& nic, Place& place, const std::map<uint32_t, Link>& links) {
  if (!place.is_ours)
    if (Status s = attach(nic.tap, place); !s) return s;
  place.is_ours = true;
  if (place.name != nic.name)
    if (Status s = follow_name(netlink_, place.pair, nic.name); !s) return s;
  place.name = nic.name;
  return follow_shape(netlink_, links, nic.tap, place.pair, StandInMac::of_tap);
}

Result<Progress> Splice::begin(const EnforcedNic& nic, const std::map<uint32_t, Link>& links) {
  if (!places_.contains(nic.tap))
    if (Status made = prepare(nic); !made) return std::move(made.error());
  Place& place = places_[nic.tap];
  auto gone = is_gone(netlink_, links, place.pair.outer);
  if (!gone) return std::move(gone.error());
  if (*gone) return start_over(nic.tap, place);
  if (Status fresh = refresh(nic, place, links); !fresh) return std::move(fresh.error());
  switch (map_->at(place.index).stage) {
    case VMOAT_SPLICED:
      return keep(nic.tap, place, links);
    case VMOAT_ENTERING:
      return complete(nic.tap, place);
    default:
      return enter(nic.tap, place);
  }
}

/** The bridge that the tap is in gets its port, wherever that was before. It is down until it is in no VLAN
 * but the tap's: a bridge takes each new port into one of its own choice. */
Status Splice::join(const BridgePort& tap, uint32_t port) {
  if (Status s = set_down(netlink_, port); !s) return s;
  if (Status s = set_master(netlink_, port, tap.bridge); !s) return s;
  if (Status s = copy_port(netlink_, tap, port, while_waiting()); !s) return s;
  return set_up(netlink_, port);
}

/** From now on tap and port tell each other what they let pass, which takes a grace period to be so. */
Status Splice::turn(Place& place, Turn way) {
  place.turning = way;
  return map_->set_stage(place.index, static_cast<vmoat_stage>(map_->at(place.index).stage));
}

Result<Progress> Splice::enter(uint32_t ifindex, Place& place) {
  auto tap = port_of(netlink_, ifindex);
  if (!tap) return std::move(tap.error());
  auto port = bridge_port(netlink_, place.pair.outer);
  if (port && !has_joined(*port, tap->bridge)) {
    if (Status joined = join(*tap, place.pair.outer); !joined) return std::move(joined.error());
    place.turning = Turn::none;
    port = bridge_port(netlink_, place.pair.outer);
  }
  if (!port) return std::move(port.error());
  if (!*port || (*port)->state != PortState::forwarding) return Progress::waits;
  place.bridge = tap->bridge;
  const auto all = [&]() -> Status {
    if (place.turning != Turn::in) {
      if (Status s = remember(place, *tap); !s) return s;
      if (Status s = set_port(netlink_, *tap, place.vlans, place.pair.outer); !s) return s;
      return turn(place, Turn::in);
    }
    place.turning = Turn::none;
    if (Status s = map_->set_stage(place.index, VMOAT_ENTERING); !s) return s;
    return hand_over(*tap, place.pair.outer);
  };
  if (Status done = all(); !done) return std::move(done.error());
  return Progress::after_grace;
}

/** What the bridge had looked up before the port had the tap's addresses has gone by the tap: it may leave.
 */
Result<Progress> Splice::complete(uint32_t ifindex, Place& place) {
  auto tap = port_of(netlink_, ifindex);
  if (!tap) return std::move(tap.error());
  if (auto port = bridge_port(netlink_, place.pair.outer); !port || !*port || (*port)->bridge != tap->bridge)
    return enter(ifindex, place);
  const auto all = [&]() -> Status {
    if (Status s = hand_over(*tap, place.pair.outer); !s) return s;
    if (Status s = map_->set_stage(place.index, VMOAT_SPLICED); !s) return s;
    return take_out(*tap);
  };
  if (Status done = all(); !done) return std::move(done.error());
  return Progress::done;
}

/** The bridge that it was seen in: where somebody has moved it meanwhile, it is looked after as soon as that
 * is told. */
Status Splice::take_out(const BridgePort& tap) {
  auto is_out = leave_bridge(tap.bridge, tap.ifindex);
  return is_out ? success() : std::move(is_out.error());
}

/** Cheap where nothing has happened, for it is asked at every change of any link. */
Result<Progress> Splice::keep(uint32_t tap, Place& place, const std::map<uint32_t, Link>& links) {
  if (master_of(links, tap) != 0 || !links.contains(place.pair.outer)) return look_after(tap, place);
  place.bridge = master_of(links, place.pair.outer);
  return Progress::done;
}

/** Somebody has put the tap into a bridge: libvirtd does so with its old one when it starts, and with another
 * one when it is told to. */
Result<Progress> Splice::look_after(uint32_t ifindex, Place& place) {
  auto tap = bridge_port(netlink_, ifindex);
  if (!tap) return std::move(tap.error());
  if (!*tap) return Progress::done;
  auto port = bridge_port(netlink_, place.pair.outer);
  if (!port) return std::move(port.error());
  if (*port && (*port)->bridge == (*tap)->bridge) {
    if (Status out = take_out(**tap); !out) return std::move(out.error());
    return Progress::done;
  }
  if (Status back = map_->set_stage(place.index, VMOAT_STANDBY); !back) return std::move(back.error());
  return enter(ifindex, place);
}

Status Splice::remember(Place& place, const BridgePort& port) {
  auto vlans = vlans_of(netlink_, port.ifindex);
  if (!vlans) return std::move(vlans.error());
  place.was = port;
  place.vlans = std::move(*vlans);
  return success();
}

/** Somebody has taken the port away: the guest must not stay without a way. What it sends goes nowhere until
 * the tap is in no VLAN but its own. */
Result<Progress> Splice::start_over(uint32_t tap, const Place& place) {
  auto shape = link_shape(netlink_, tap);
  if (!shape) return std::move(shape.error());
  if (*shape && (*shape)->master == 0 && place.bridge != 0) {
    auto is_back = enter_bridge(place.bridge, tap);
    if (!is_back) return std::move(is_back.error());
    if (*is_back && place.was && place.was->bridge == place.bridge)
      if (Status s = set_port(netlink_, *place.was, place.vlans, tap); !s) return std::move(s.error());
  }
  if (Status gone = clear(tap); !gone) return std::move(gone.error());
  return Progress::waits;
}

Status Splice::hand_over(const BridgePort& from, uint32_t to) {
  if (Status moved = move_fdb(netlink_, from.ifindex, to); !moved) return moved;
  auto groups = mdb_of(netlink_, from.bridge, from.ifindex);
  if (!groups) return std::move(groups.error());
  for (const br_mdb_entry& entry : *groups)
    if (Status added = add_mdb(netlink_, from.bridge, to, entry); !added) return added;
  return success();
}

/** Whoever moves the tap meanwhile means it: it stays where it is. */
Status Splice::rejoin(const BridgePort& port, uint32_t tap) {
  auto is_back = enter_bridge(port.bridge, tap);
  if (!is_back) return std::move(is_back.error());
  return *is_back ? copy_port(netlink_, port, tap) : success();
}

Result<Progress> Splice::end(uint32_t tap) {
  const auto known = places_.find(tap);
  if (known == places_.end()) return Progress::done;
  Place& place = known->second;
  auto shape = link_shape(netlink_, tap);
  if (!shape) return std::move(shape.error());
  const uint32_t stage = map_->at(place.index).stage;
  if (!*shape || stage == VMOAT_STANDBY) {
    if (Status gone = clear(tap); !gone) return std::move(gone.error());
    return Progress::done;
  }
  if (stage != VMOAT_LEAVING) return leave(tap, place, (*shape)->master);
  Status back = hand_back(tap, place);
  if (back) back = map_->set_stage(place.index, VMOAT_STANDBY);
  if (!back) return std::move(back.error());
  return Progress::after_grace;
}

/** Where the tap is in a bridge by now that is not its port's, nothing is handed over: they are strangers. */
Result<Progress> Splice::leave(uint32_t ifindex, Place& place, uint32_t master) {
  auto port = bridge_port(netlink_, place.pair.outer);
  if (!port) return std::move(port.error());
  if (*port && master == 0)
    if (Status s = rejoin(**port, ifindex); !s) return std::move(s.error());
  auto tap = bridge_port(netlink_, ifindex);
  if (!tap) return std::move(tap.error());
  const bool is_back = *port && *tap && (*port)->bridge == (*tap)->bridge;
  if (is_back && (*tap)->state != PortState::forwarding) return Progress::waits;
  const auto all = [&]() -> Status {
    if (place.turning != Turn::out) return turn(place, Turn::out);
    place.turning = Turn::none;
    if (Status s = map_->set_stage(place.index, VMOAT_LEAVING); !s) return s;
    return hand_back(ifindex, place);
  };
  if (Status done = all(); !done) return std::move(done.error());
  return Progress::after_grace;
}

Status Splice::hand_back(uint32_t ifindex, const Place& place) {
  auto port = bridge_port(netlink_, place.pair.outer), tap = bridge_port(netlink_, ifindex);
  if (!port || !tap || !*port || !*tap || (*port)->bridge != (*tap)->bridge) return success();
  return hand_over(**port, ifindex);
}

Status Splice::remove(uint32_t tap) {
  const auto known = places_.find(tap);
  if (known == places_.end()) return success();
  const Place& place = known->second;
  Status back = success();
  auto shape = link_shape(netlink_, tap);
  auto port = bridge_port(netlink_, place.pair.outer);
  const bool is_out = shape && *shape && (*shape)->master == 0 && port && *port;
  if (is_out && map_->at(place.index).stage != VMOAT_STANDBY) {
    back = rejoin(**port, tap);
    if (back) back = map_->set_stage(place.index, VMOAT_LEAVING);
    if (back) back = hand_back(tap, place);
  }
  if (Status s = clear(tap); !s) back = std::move(s);
  return back;
}

/** The pair is given up, and every other trace goes. */
Status Splice::clear(uint32_t tap) {
  const Place place = places_[tap];
  Status done = map_->set_stage(place.index, VMOAT_STANDBY);
  if (place.is_apart)
    for (const ProgramPlace& at : {carry_out_of(tap), gate_of(tap)}) programs_.take_off(at);
  if (Status s = give_up(netlink_, place.pair); !s) done = std::move(s);
  if (Status s = map_->clear(place.index); !s) done = std::move(s);
  places_.erase(tap);
  if (Status s = hand_on_where_needed(); !s) done = std::move(s);
  return done;
}

const EnforcerKind splice_enforcer = {"splice", "the tap is in a Linux bridge", Splice::why_not,
                                      Splice::open};

}  // namespace vmoat
