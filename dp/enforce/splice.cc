// The splice, step by step; what each stage means for a frame stands in bpf/splice.bpf.c.
#include "enforce/splice.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/if_link.h>
#include <linux/membarrier.h>
#include <net/if.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/clock.h"
#include "bpf/splice.skel.h"
#include "plumb/bpffs.h"
#include "plumb/veth.h"

namespace vmoat {
namespace {

constexpr const char* carry_out = "carry-out";
constexpr const char* carry_in = "carry-in";
constexpr const char* gate = "gate";
constexpr const char* wall = "wall";
constexpr size_t link_name_max = IFNAMSIZ - 1;

/** "mp.vnet3"; a name that leaves no room for that is told by its number. */
std::string name_of(const char* prefix, const std::string& tap, uint32_t ifindex) {
  const std::string name = prefix + tap;
  return name.size() <= link_name_max ? name : prefix + std::to_string(ifindex);
}

std::array<uint8_t, 6> inner_mac(uint32_t ifindex) {
  return {0xfe,
          0x76,
          static_cast<uint8_t>(ifindex >> 24),
          static_cast<uint8_t>(ifindex >> 16),
          static_cast<uint8_t>(ifindex >> 8),
          static_cast<uint8_t>(ifindex)};
}

/** Returns when every frame that a program was asked about before has gone: the kernel makes this call wait
 * for all readers under RCU, as programs and the bridge's flooding are (membarrier(2)). */
void let_pass() {
  constexpr useconds_t instead = 50'000;  // with nohz_full there is no such call
  if (::syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0) != 0) ::usleep(instead);
}

const std::map<uint16_t, std::vector<uint8_t>>& while_waiting() {
  static const std::map<uint16_t, std::vector<uint8_t>> off = {{IFLA_BRPORT_LEARNING, {0}},
                                                               {IFLA_BRPORT_UNICAST_FLOOD, {0}},
                                                               {IFLA_BRPORT_MCAST_FLOOD, {0}},
                                                               {IFLA_BRPORT_BCAST_FLOOD, {0}}};
  return off;
}

}  // namespace

struct Splices::Object {
  splice_bpf* skeleton = nullptr;
  ~Object() { splice_bpf__destroy(skeleton); }
};

Splices::Splices(const SpliceOptions& options, Netlink& netlink)
    : options_(options), netlink_(netlink), object_(std::make_unique<Object>()) {}

Splices::~Splices() = default;

Result<std::unique_ptr<Splices>> Splices::open(const SpliceOptions& options, Netlink& netlink) {
  std::unique_ptr<Splices> splices(new Splices(options, netlink));
  for (const char* part : {"/maps", "/links"})
    if (Status made = ensure_pin_directory(options.pins + part); !made) return std::move(made.error());
  if (Status loaded = splices->load(); !loaded)
    return std::move(loaded.error()).in("load the splice programs");
  return splices;
}

Status Splices::load() {
  splice_bpf* skeleton = object_->skeleton = splice_bpf__open();
  if (!skeleton) return system_error("open the eBPF object");
  skeleton->rodata->netns = options_.netns;
  for (bpf_map* map : {skeleton->maps.splices, skeleton->maps.splice_ends})
    bpf_map__set_pin_path(map, (options_.pins + "/maps/" + bpf_map__name(map)).c_str());
  if (splice_bpf__load(skeleton) != 0) return system_error("eBPF verifier or map creation");
  return success();
}

vmoat_splice Splices::at(uint16_t slot) const {
  const uint32_t index = slot;
  vmoat_splice splice = {};
  bpf_map_lookup_elem(bpf_map__fd(object_->skeleton->maps.splices), &index, &splice);
  return splice;
}

uint32_t Splices::inner(uint16_t slot) {
  const vmoat_splice splice = at(slot);
  if (splice.port == 0) return 0;
  auto shape = link_shape(netlink_, splice.port);
  return shape ? shape->peer : 0;
}

int Splices::wall_program() const {
  return bpf_program__fd(object_->skeleton->progs.wall);
}

/** A tap of 0 takes it out. */
Status Splices::enter(uint16_t slot, const vmoat_splice& splice) {
  const uint32_t index = slot;
  const int ends = bpf_map__fd(object_->skeleton->maps.splice_ends);
  const vmoat_splice before = at(slot);
  for (uint32_t ifindex : {before.tap, before.port}) {
    const vmoat_tap_id id = {options_.netns, ifindex};
    if (ifindex != 0 && splice.tap == 0) bpf_map_delete_elem(ends, &id);
  }
  if (bpf_map_update_elem(bpf_map__fd(object_->skeleton->maps.splices), &index, &splice, BPF_ANY) != 0)
    return system_error("enter a splice");
  for (uint32_t ifindex : {splice.tap, splice.port}) {
    const vmoat_tap_id id = {options_.netns, ifindex};
    if (ifindex != 0 && bpf_map_update_elem(ends, &id, &index, BPF_ANY) != 0)
      return system_error("enter an end of a splice");
  }
  return success();
}

/** From now on tap and port tell each other what they let pass. */
Status Splices::begin_change(uint16_t slot) {
  Status same = set_stage(slot, static_cast<vmoat_stage>(at(slot).stage));
  if (same) let_pass();
  return same;
}

Status Splices::set_stage(uint16_t slot, vmoat_stage stage) {
  vmoat_splice splice = at(slot);
  splice.stage = stage;
  splice.since_ms = static_cast<uint32_t>(monotonic_ns() / (ns_per_s / 1000));
  return enter(slot, splice);
}

Status Splices::attach_one(uint32_t ifindex, TrafficSide side, int program, const char* name,
                           TcxPlace place) {
  if (options_.tcx)
    return attach_tcx(ifindex, side, program,
                      options_.pins + "/links/" + std::to_string(ifindex) + "-" + name, place);
  auto present = ingress_qdisc(netlink_, ifindex);
  if (!present) return std::move(present.error());
  if (*present == IngressQdisc::none)
    if (Status added = add_clsact(netlink_, ifindex); !added) return added;
  return set_filter(netlink_, ifindex, side, program, std::string("vmoat:") + name);
}

Status Splices::attach(const vmoat_splice& splice, uint32_t inner) {
  const auto& programs = object_->skeleton->progs;
  const auto put = [&](uint32_t ifindex, TrafficSide side, const bpf_program* program, const char* name,
                       TcxPlace place) {
    return attach_one(ifindex, side, bpf_program__fd(program), name, place);
  };
  if (Status s = put(inner, TrafficSide::ingress, programs.wall, wall, TcxPlace::first); !s) return s;
  if (Status s = put(splice.port, TrafficSide::egress, programs.carry_in, carry_in, TcxPlace::last); !s)
    return s;
  if (Status s = put(splice.tap, TrafficSide::egress, programs.gate, gate, TcxPlace::first); !s) return s;
  return put(splice.tap, TrafficSide::ingress, programs.carry_out, carry_out, TcxPlace::last);
}

void Splices::detach(uint32_t ifindex, const char* name, TrafficSide side) {
  detach_tcx(options_.pins + "/links/" + std::to_string(ifindex) + "-" + name);
  auto present =
      options_.tcx ? Result<std::vector<Filter>>(std::vector<Filter>{}) : filters(netlink_, ifindex, side);
  if (!present) return;
  for (const Filter& filter : *present)
    if (filter.name == std::string("vmoat:") + name) (void)remove_filter(netlink_, ifindex, side, filter);
}

Result<BridgePort> Splices::port_of(uint32_t ifindex) {
  auto port = bridge_port(netlink_, ifindex);
  if (!port) return std::move(port.error());
  if (!port->has_value()) return Error{"the link is in no bridge", EINVAL};
  return **port;
}

Status Splices::prepare(uint16_t slot, uint32_t tap, const std::string& name) {
  if (at(slot).tap == tap) return success();
  auto port = port_of(tap);
  if (!port) return std::move(port.error()).in(name);
  auto shape = link_shape(netlink_, tap);
  if (!shape) return std::move(shape.error()).in(name);
  // the tap's own MAC for its stand-in: the bridge's address is the lowest one of its ports, and must not
  // change
  VethPair pair = {.near = {.name = name_of("mi.", name, tap), .mac = inner_mac(tap)},
                   .far = {.name = name_of("mp.", name, tap), .mac = shape->mac},
                   .mtu = shape->mtu,
                   .queues = shape->queues,
                   .alias = "vmoat: stands for " + name};
  if (Status made = make_veth(netlink_, pair); !made) return made;
  const vmoat_splice splice = {.tap = tap, .port = pair.far.ifindex, .stage = VMOAT_STANDBY};
  const auto all = [&]() -> Status {
    if (Status s = enter(slot, splice); !s) return s;
    if (Status s = attach(splice, pair.near.ifindex); !s) return s;
    for (uint32_t end : {pair.near.ifindex, pair.far.ifindex})
      if (Status s = set_up(netlink_, end); !s) return s;
    if (Status s = set_master(netlink_, splice.port, port->bridge); !s) return s;
    return copy_port(netlink_, *port, splice.port, while_waiting());
  };
  Status done = all();
  if (!done) (void)remove(slot);
  return done ? std::move(done) : std::move(done.error()).in("prepare a splice of " + name);
}

Status Splices::hand_over(const BridgePort& from, uint32_t to) {
  auto known = fdb_of(netlink_, from.ifindex);
  if (!known) return std::move(known.error());
  for (const FdbEntry& entry : *known)
    if (Status moved = set_fdb(netlink_, to, entry); !moved) return moved;
  auto groups = mdb_of(netlink_, from.bridge, from.ifindex);
  if (!groups) return std::move(groups.error());
  for (const br_mdb_entry& entry : *groups)
    if (Status added = add_mdb(netlink_, from.bridge, to, entry); !added) return added;
  return success();
}

Result<bool> Splices::splice(uint16_t slot) {
  const vmoat_splice splice = at(slot);
  if (splice.stage == VMOAT_SPLICED) {  // libvirtd puts taps back into their bridge when it starts
    if (Status out = set_master(netlink_, splice.tap, 0); !out) return std::move(out.error());
    return true;
  }
  auto tap = port_of(splice.tap);
  if (!tap) return std::move(tap.error());
  auto port = port_of(splice.port);
  if (!port) return std::move(port.error());
  if (port->state != PortState::forwarding) return false;
  const auto all = [&]() -> Status {
    if (Status s = copy_port(netlink_, *tap, splice.port); !s) return s;
    if (Status s = begin_change(slot); !s) return s;
    if (Status s = set_stage(slot, VMOAT_ENTERING); !s) return s;
    if (Status s = hand_over(*tap, splice.port); !s) return s;
    if (Status s = set_stage(slot, VMOAT_SPLICED); !s) return s;
    return set_master(netlink_, splice.tap, 0);
  };
  if (Status done = all(); !done) return std::move(done.error()).in("splice");
  return true;
}

Result<bool> Splices::unsplice(uint16_t slot) {
  const vmoat_splice splice = at(slot);
  if (splice.stage == VMOAT_STANDBY) return true;
  auto port = port_of(splice.port);
  if (!port) return std::move(port.error());
  auto tap = bridge_port(netlink_, splice.tap);
  if (!tap) return std::move(tap.error());
  if (!tap->has_value()) {
    if (Status s = set_master(netlink_, splice.tap, port->bridge); !s) return std::move(s.error());
    if (Status s = copy_port(netlink_, *port, splice.tap); !s) return std::move(s.error());
    tap = bridge_port(netlink_, splice.tap);
    if (!tap) return std::move(tap.error());
  }
  if (!tap->has_value() || (*tap)->state != PortState::forwarding) return false;
  const auto all = [&]() -> Status {
    if (Status s = begin_change(slot); !s) return s;
    if (Status s = set_stage(slot, VMOAT_LEAVING); !s) return s;
    if (Status s = hand_over(*port, splice.tap); !s) return s;
    if (Status s = set_stage(slot, VMOAT_STANDBY); !s) return s;
    return copy_port(netlink_, *port, splice.port, while_waiting());
  };
  if (Status done = all(); !done) return std::move(done.error()).in("unsplice");
  return true;
}

Status Splices::remove(uint16_t slot) {
  const vmoat_splice splice = at(slot);
  if (splice.tap == 0) return success();
  Status back = success();
  if (auto port = bridge_port(netlink_, splice.port);
      splice.stage != VMOAT_STANDBY && port && port->has_value()) {
    back = set_master(netlink_, splice.tap, (*port)->bridge);
    if (back) back = copy_port(netlink_, **port, splice.tap);
    if (back) back = begin_change(slot);
    if (back) back = set_stage(slot, VMOAT_LEAVING);
    if (back) back = hand_over(**port, splice.tap);
  }
  if (Status s = set_stage(slot, VMOAT_STANDBY); !s) back = std::move(s);
  detach(splice.tap, carry_out, TrafficSide::ingress);
  detach(splice.tap, gate, TrafficSide::egress);
  detach_tcx(options_.pins + "/links/" + std::to_string(splice.port) + "-" + carry_in);
  if (Status s = remove_link(netlink_, splice.port); !s) back = std::move(s);
  if (Status s = enter(slot, {}); !s) back = std::move(s);
  return back;
}

}  // namespace vmoat
