// The splice's side of bpf/splice.bpf.c.
#include "enforce/splice_map.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include <cerrno>
#include <utility>

#include "base/clock.h"
#include "bpf/splice.skel.h"

namespace vmoat {

struct SpliceMap::Object {
  splice_bpf* skeleton = nullptr;
  ~Object() { splice_bpf__destroy(skeleton); }
};

SpliceMap::SpliceMap(uint32_t netns) : netns_(netns), object_(std::make_unique<Object>()) {}
SpliceMap::~SpliceMap() = default;

Result<std::unique_ptr<SpliceMap>> SpliceMap::open(const std::string& pins, const EnforcerOptions& options) {
  std::unique_ptr<SpliceMap> map(new SpliceMap(options.netns));
  if (Status loaded = map->load(pins, options); !loaded)
    return std::move(loaded.error()).in("load the splice programs");
  return map;
}

Status SpliceMap::load(const std::string& pins, const EnforcerOptions& options) {
  splice_bpf* skeleton = object_->skeleton = splice_bpf__open();
  if (!skeleton) return system_error("open the eBPF object");
  skeleton->rodata->netns = netns_;
  skeleton->rodata->reinjected = options.reinjected;
  for (bpf_map* map : {skeleton->maps.splices, skeleton->maps.splice_ends, skeleton->maps.splice_hints})
    bpf_map__set_pin_path(map, (pins + "/" + bpf_map__name(map)).c_str());
  if (options.hand_on >= 0 && bpf_map__reuse_fd(skeleton->maps.hand_on, options.hand_on) != 0)
    return system_error("take the tap programs' map");
  if (splice_bpf__load(skeleton) != 0) return system_error("eBPF verifier or map creation");
  return success();
}

Status SpliceMap::hand_on(bool on) {
  const int map = bpf_map__fd(object_->skeleton->maps.hand_on);
  const auto& programs = object_->skeleton->progs;
  for (const auto& [to, program] :
       {std::pair<uint32_t, const bpf_program*>{VMOAT_TO_GATE, programs.gate_first},
        {VMOAT_TO_CARRY_OUT, programs.then_carry_out}}) {
    const int fd = bpf_program__fd(program);
    const int failed = on ? bpf_map_update_elem(map, &to, &fd, BPF_ANY) : bpf_map_delete_elem(map, &to);
    if (failed && errno != ENOENT) return system_error("hand frames on to a splice");
  }
  return success();
}

vmoat_splice SpliceMap::at(uint32_t index) const {
  vmoat_splice splice = {};
  bpf_map_lookup_elem(bpf_map__fd(object_->skeleton->maps.splices), &index, &splice);
  return splice;
}

Status SpliceMap::set(uint32_t index, const vmoat_splice& splice) {
  const auto& maps = object_->skeleton->maps;
  vmoat_splice entered = splice;
  entered.netns = netns_;
  if (bpf_map_update_elem(bpf_map__fd(maps.splices), &index, &entered, BPF_ANY) != 0)
    return system_error("enter a splice");
  for (const uint32_t ifindex : {splice.tap, splice.port}) {
    const vmoat_tap_id id = {netns_, ifindex};
    const uint32_t at = ifindex % VMOAT_TAP_INDEX;
    if (bpf_map_update_elem(bpf_map__fd(maps.splice_ends), &id, &index, BPF_ANY) != 0 ||
        bpf_map_update_elem(bpf_map__fd(maps.splice_hints), &at, &index, BPF_ANY) != 0)
      return system_error("enter an end of a splice");
  }
  return success();
}

Status SpliceMap::clear(uint32_t index) {
  const vmoat_splice before = at(index), none = {};
  for (const uint32_t ifindex : {before.tap, before.port}) {
    const vmoat_tap_id id = {netns_, ifindex};
    bpf_map_delete_elem(bpf_map__fd(object_->skeleton->maps.splice_ends), &id);
  }
  if (bpf_map_update_elem(bpf_map__fd(object_->skeleton->maps.splices), &index, &none, BPF_ANY) != 0)
    return system_error("forget a splice");
  return success();
}

Status SpliceMap::set_stage(uint32_t index, vmoat_stage stage) {
  vmoat_splice splice = at(index);
  splice.stage = stage;
  splice.since_ms = static_cast<uint32_t>(monotonic_ns() / (ns_per_s / 1000));
  return set(index, splice);
}

int SpliceMap::carry_out() const {
  return bpf_program__fd(object_->skeleton->progs.carry_out);
}

int SpliceMap::carry_in() const {
  return bpf_program__fd(object_->skeleton->progs.carry_in);
}

int SpliceMap::gate() const {
  return bpf_program__fd(object_->skeleton->progs.gate);
}

}  // namespace vmoat
