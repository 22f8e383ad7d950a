// The tap programs and their maps.
#include "capture/tap_kernel.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>

#include "bpf/tap.skel.h"
#include "contract/splice.h"
#include "plumb/bpffs.h"

namespace vmoat {
namespace {

constexpr uint32_t answers_per_worker = 128;  // VMOAT_ANSWERS_PER_WORKER in bpf/maps.h
constexpr uint32_t dump_batch = 512;
constexpr size_t on_way_bytes = sizeof(uint64_t) * VMOAT_WORKERS_MAX * VMOAT_SLOTS;

// See vmoat_flow: an entry of the kernel's hash table is whole cache lines (struct htab_elem, hashtab.c).
static_assert((48 + (sizeof(vmoat_flow_key) + 7) / 8 * 8 + sizeof(vmoat_flow)) % 64 == 0);

std::string maps_directory(const std::string& pins) {
  return pins + "/maps";
}
std::string ring_pin(const std::string& pins, uint32_t worker) {
  return pins + "/rings/" + std::to_string(worker);
}

// Pins of other layouts: their programs go with their links; filters are replaced by name.
void remove_other_layouts(const std::string& pin_root) {
  std::error_code failed;
  for (const auto& entry : std::filesystem::directory_iterator(pin_root, failed))
    if (entry.path() != pin_directory(pin_root) && entry.path().filename().string().starts_with("v"))
      (void)remove_tree(entry.path());
}

Result<bpf_map_info> info_of(int fd) {
  bpf_map_info info = {};
  uint32_t size = sizeof(info);
  if (bpf_obj_get_info_by_fd(fd, &info, &size) != 0) return system_error("ask for a map's shape");
  return info;
}

// Whether what is pinned there could serve as this map.
bool fits(const bpf_map* map, const std::string& path) {
  auto pinned = open_pin(path);
  if (!pinned) return false;
  auto info = info_of(pinned->get());
  return info && info->type == static_cast<uint32_t>(bpf_map__type(map)) &&
         info->key_size == bpf_map__key_size(map) && info->value_size == bpf_map__value_size(map) &&
         info->max_entries == bpf_map__max_entries(map);
}

/** One of a layout's own. */
bool is_shared(const bpf_map* map) {
  return !bpf_map__is_internal(map) && bpf_map__type(map) != BPF_MAP_TYPE_PROG_ARRAY;
}

TapTable read_taps(int fd) {
  TapTable found;
  vmoat_tap_id id = {};
  vmoat_tap tap;
  for (void* previous = nullptr; bpf_map_get_next_key(fd, previous, &id) == 0; previous = &id)
    if (bpf_map_lookup_elem(fd, &id, &tap) == 0) found.emplace_back(id, tap);
  return found;
}

uint64_t panic_in(int map) {
  const uint32_t zero = 0;
  vmoat_panic entry = {};
  bpf_map_lookup_elem(map, &zero, &entry);
  return entry.until_ns;
}

bool same(const vmoat_tap_id& a, const vmoat_tap_id& b) {
  return a.netns == b.netns && a.ifindex == b.ifindex;
}

int cpu_count() {
  static const int count = libbpf_num_possible_cpus();
  return count;
}

}  // namespace

struct TapKernel::Object {
  tap_bpf* skeleton = nullptr;
  ~Object() { tap_bpf__destroy(skeleton); }
};

Result<uint32_t> own_netns() {
  struct stat info;
  if (::stat("/proc/thread-self/ns/net", &info) != 0) return system_error("look at the network namespace");
  return static_cast<uint32_t>(info.st_ino);
}

std::string pin_directory(const std::string& pin_root) {
  return pin_root + "/v" + std::to_string(VMOAT_LAYOUT);
}

std::string tap_links(const std::string& pin_root) {
  return pin_root + "/links";
}

TapTable read_pinned_taps(const std::string& pins) {
  auto map = open_pin(maps_directory(pins) + "/taps");
  return map ? read_taps(map->get()) : TapTable{};
}

Status set_panic(const std::string& pin_root, uint64_t until_ns) {
  auto map = open_pin(maps_directory(pin_directory(pin_root)) + "/panic");
  if (!map) return std::move(map.error());
  const uint32_t zero = 0;
  const vmoat_panic entry = {until_ns};
  if (bpf_map_update_elem(map->get(), &zero, &entry, BPF_ANY) != 0)
    return system_error("write the panic map");
  return success();
}

Result<uint64_t> read_panic(const std::string& pin_root) {
  auto map = open_pin(maps_directory(pin_directory(pin_root)) + "/panic");
  if (!map) return std::move(map.error());
  return panic_in(map->get());
}

TapKernel::TapKernel() : object_(std::make_unique<Object>()) {}

TapKernel::~TapKernel() {
  if (answers_) ::munmap(answers_, sizeof(vmoat_answer) * VMOAT_WORKERS_MAX * answers_per_worker);
  if (heartbeats_) ::munmap(heartbeats_, sizeof(uint64_t) * VMOAT_WORKERS_MAX);
  if (on_way_) ::munmap(on_way_, on_way_bytes);
}

Result<std::unique_ptr<TapKernel>> TapKernel::open(const TapKernelOptions& options) {
  std::unique_ptr<TapKernel> kernel(new TapKernel());
  const std::string pins = pin_directory(options.pin_root);
  for (const std::string& directory : {pins + "/maps", pins + "/rings", tap_links(options.pin_root)})
    if (Status made = ensure_pin_directory(directory); !made) return std::move(made.error());
  remove_other_layouts(options.pin_root);
  kernel->pins_ = pins;
  kernel->ring_bytes_ = options.ring_bytes;
  kernel->flows_max_ = options.flows_max;
  if (Status loaded = kernel->load(options); !loaded)
    return std::move(loaded.error()).in("load the tap programs");
  if (Status mapped = kernel->map_memory(); !mapped) return std::move(mapped.error());
  if (Status applied = kernel->apply(options.settings); !applied) return std::move(applied.error());
  return kernel;
}

Status TapKernel::load(const TapKernelOptions& options) {
  tap_bpf* skeleton = object_->skeleton = tap_bpf__open();
  if (!skeleton) return system_error("open the eBPF object");
  skeleton->rodata->netns = options.netns;
  skeleton->rodata->reinjected = options.reinjected;
  bpf_map__set_max_entries(skeleton->maps.flows, options.flows_max);
  adopted_ = true;
  bpf_map* map;
  bpf_object__for_each_map(map, skeleton->obj) if (is_shared(map)) adopted_ &=
      fits(map, maps_directory(pins_) + "/" + bpf_map__name(map));
  bpf_object__for_each_map(map, skeleton->obj) {
    if (!is_shared(map)) continue;
    const std::string path = maps_directory(pins_) + "/" + bpf_map__name(map);
    if (!adopted_) ::unlink(path.c_str());
    bpf_map__set_pin_path(map, path.c_str());
  }
  bpf_map__set_pin_path(skeleton->maps.hand_on, (options.pin_root + "/hand_on").c_str());
  if (tap_bpf__load(skeleton) != 0) return system_error("eBPF verifier or map creation");
  const uint32_t judge = VMOAT_TO_JUDGE;
  const int program = bpf_program__fd(skeleton->progs.to_nic_judge);
  if (bpf_map_update_elem(hand_on(), &judge, &program, BPF_ANY) != 0) return system_error("hand frames on");
  programs_ = {bpf_program__fd(skeleton->progs.from_nic), bpf_program__fd(skeleton->progs.to_nic),
               bpf_program__fd(skeleton->progs.to_nic_at_ingress), bpf_program__fd(skeleton->progs.answer)};
  return success();
}

Status TapKernel::map_memory() {
  auto map = [](const bpf_map* of, size_t bytes) {
    return ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, bpf_map__fd(of), 0);
  };
  void* answers =
      map(object_->skeleton->maps.answers, sizeof(vmoat_answer) * VMOAT_WORKERS_MAX * answers_per_worker);
  if (answers == MAP_FAILED) return system_error("map the answers");
  answers_ = static_cast<vmoat_answer*>(answers);
  void* beats = map(object_->skeleton->maps.heartbeats, sizeof(uint64_t) * VMOAT_WORKERS_MAX);
  if (beats == MAP_FAILED) return system_error("map the heartbeats");
  heartbeats_ = static_cast<uint64_t*>(beats);
  void* on_way = map(object_->skeleton->maps.on_way, on_way_bytes);
  if (on_way == MAP_FAILED) return system_error("map what is on its way");
  on_way_ = static_cast<uint64_t*>(on_way);
  return success();
}

int TapKernel::hand_on() const {
  return bpf_map__fd(object_->skeleton->maps.hand_on);
}

TapTable TapKernel::taps() const {
  return read_taps(bpf_map__fd(object_->skeleton->maps.taps));
}

Status TapKernel::set_tap(const vmoat_tap_id& id, const vmoat_tap& tap) {
  if (bpf_map_update_elem(bpf_map__fd(object_->skeleton->maps.taps), &id, &tap, BPF_ANY) != 0)
    return system_error("enter the tap");
  const int index = bpf_map__fd(object_->skeleton->maps.tap_index);
  const uint32_t at = id.ifindex % VMOAT_TAP_INDEX;
  vmoat_tap_place place = {};
  bpf_map_lookup_elem(index, &at, &place);
  if (place.id.ifindex == 0 || same(place.id, id))
    place.id = id, place.tap = tap;
  else
    place.shared = 1;  // and stays so: those who were sent to the hash must still be found
  if (bpf_map_update_elem(index, &at, &place, BPF_ANY) != 0) return system_error("enter the tap's place");
  return success();
}

void TapKernel::remove_tap(const vmoat_tap_id& id) {
  bpf_map_delete_elem(bpf_map__fd(object_->skeleton->maps.taps), &id);
  const int index = bpf_map__fd(object_->skeleton->maps.tap_index);
  const uint32_t at = id.ifindex % VMOAT_TAP_INDEX;
  vmoat_tap_place place = {};
  if (bpf_map_lookup_elem(index, &at, &place) != 0 || !same(place.id, id)) return;
  place.id = {};
  place.tap = {};
  bpf_map_update_elem(index, &at, &place, BPF_ANY);
}

vmoat_nic_counters TapKernel::nic_counters(uint16_t slot) const {
  std::vector<vmoat_nic_counters> each(static_cast<size_t>(cpu_count()));
  const uint32_t key = slot;
  vmoat_nic_counters sum = {};
  if (bpf_map_lookup_elem(bpf_map__fd(object_->skeleton->maps.nics), &key, each.data()) != 0) return sum;
  for (const vmoat_nic_counters& c : each) {
    for (int way : {VMOAT_FROM_NIC, VMOAT_TO_NIC}) {
      sum.packets[way] += c.packets[way];
      sum.bytes[way] += c.bytes[way];
      for (size_t m = 0; m < VMOAT_METERS; m++) sum.meters[way][m] += c.meters[way][m];
    }
    sum.lost_ring += c.lost_ring;
    sum.lost_budget += c.lost_budget;
    sum.lost_table += c.lost_table;
    sum.lost_quota += c.lost_quota;
    sum.lost_read += c.lost_read;
    for (int way : {VMOAT_FROM_NIC, VMOAT_TO_NIC})
      for (size_t g = 0; g < VMOAT_GUARDED; g++) sum.guarded[way][g] += c.guarded[way][g];
  }
  return sum;
}

void TapKernel::clear_slot(uint16_t slot) {
  const std::vector<vmoat_nic_counters> zeroes(static_cast<size_t>(cpu_count()));
  const uint32_t key = slot;
  const vmoat_slot fresh = {};
  bpf_map_update_elem(bpf_map__fd(object_->skeleton->maps.nics), &key, zeroes.data(), BPF_ANY);
  bpf_map_update_elem(bpf_map__fd(object_->skeleton->maps.slots), &key, &fresh, BPF_ANY);
}

std::optional<vmoat_flow> TapKernel::flow(const vmoat_flow_key& key) const {
  vmoat_flow flow;
  if (bpf_map_lookup_elem(bpf_map__fd(object_->skeleton->maps.flows), &key, &flow) != 0) return std::nullopt;
  return flow;
}

Status TapKernel::each_flow(const std::function<void(std::span<const CountedFlow>)>& read) const {
  std::vector<vmoat_flow_key> keys(dump_batch);
  std::vector<vmoat_flow> values(dump_batch);
  std::vector<CountedFlow> flows(dump_batch);
  uint32_t position = 0;
  for (void* from = nullptr;; from = &position) {
    uint32_t count = dump_batch;
    const int failed = bpf_map_lookup_batch(bpf_map__fd(object_->skeleton->maps.flows), from, &position,
                                            keys.data(), values.data(), &count, nullptr);
    if (failed && errno != ENOENT) return system_error("read the flow table");
    for (uint32_t i = 0; i < count; i++) flows[i] = {keys[i], values[i]};
    if (count) read({flows.data(), count});
    if (failed) return success();
  }
}

Status TapKernel::set_guard(uint16_t slot, const vmoat_guard& guard) {
  const uint32_t index = slot;
  if (bpf_map_update_elem(bpf_map__fd(object_->skeleton->maps.guards), &index, &guard, BPF_ANY) != 0)
    return system_error("guard a NIC");
  return success();
}

vmoat_guard TapKernel::guard(uint16_t slot) const {
  const uint32_t index = slot;
  vmoat_guard guard = {};
  bpf_map_lookup_elem(bpf_map__fd(object_->skeleton->maps.guards), &index, &guard);
  return guard;
}

Status TapKernel::clear_guards() {
  for (uint16_t slot = VMOAT_SLOTS; slot-- > 0;)
    if (Status off = set_guard(slot, {}); !off) return off;
  return success();
}

Status TapKernel::set_fail_safe(uint16_t slot, std::span<const vmoat_fail_safe> ports) {
  const int map = bpf_map__fd(object_->skeleton->maps.fail_safe);
  std::vector<vmoat_fail_safe> gone;
  vmoat_fail_safe key = {};
  for (void* previous = nullptr; bpf_map_get_next_key(map, previous, &key) == 0; previous = &key) {
    const auto same = [&](const vmoat_fail_safe& port) {
      return port.port == key.port && port.proto == key.proto;
    };
    if (key.slot == slot && std::none_of(ports.begin(), ports.end(), same)) gone.push_back(key);
  }
  for (const vmoat_fail_safe& port : gone) bpf_map_delete_elem(map, &port);
  const uint8_t yes = 1;
  for (vmoat_fail_safe port : ports) {
    port.slot = slot;
    if (bpf_map_update_elem(map, &port, &yes, BPF_ANY) != 0) return system_error("keep a fail-safe port");
  }
  return success();
}

Status TapKernel::set_end(const vmoat_end_key& key, const vmoat_end& end) {
  if (bpf_map_update_elem(bpf_map__fd(object_->skeleton->maps.ends), &key, &end, BPF_ANY) != 0)
    return system_error("tell who an address is");
  return success();
}

Status TapKernel::set_pair(const vmoat_pair& pair, uint32_t verdict_word) {
  if (bpf_map_update_elem(bpf_map__fd(object_->skeleton->maps.policy_cache), &pair, &verdict_word, BPF_ANY) !=
      0)
    return system_error("fill the policy cache");
  return success();
}

std::vector<std::pair<vmoat_end_key, vmoat_end>> TapKernel::ends() const {
  const int map = bpf_map__fd(object_->skeleton->maps.ends);
  std::vector<std::pair<vmoat_end_key, vmoat_end>> found;
  vmoat_end_key key = {};
  vmoat_end end;
  for (void* previous = nullptr; bpf_map_get_next_key(map, previous, &key) == 0; previous = &key)
    if (bpf_map_lookup_elem(map, &key, &end) == 0) found.emplace_back(key, end);
  return found;
}

uint64_t TapKernel::panic_until_ns() const {
  return panic_in(bpf_map__fd(object_->skeleton->maps.panic));
}

Status TapKernel::set_divert(uint32_t worker, uint32_t ifindex) {
  if (bpf_map_update_elem(bpf_map__fd(object_->skeleton->maps.diverts), &worker, &ifindex, BPF_ANY) != 0)
    return system_error("divert to a worker");
  return success();
}

Status TapKernel::apply(const vmoat_settings& settings) {
  const uint32_t zero = 0;
  if (bpf_map_update_elem(bpf_map__fd(object_->skeleton->maps.settings), &zero, &settings, BPF_ANY) != 0)
    return system_error("apply settings");
  return success();
}

// A ring pinned by an earlier run is read on: what happened meanwhile waits in it.
Result<Ring> TapKernel::ring(uint32_t worker) {
  const std::string path = ring_pin(pins_, worker);
  if (auto pinned = open_pin(path); pinned && adopted_) {
    auto info = info_of(pinned->get());
    if (info && info->type == BPF_MAP_TYPE_RINGBUF && info->max_entries == ring_bytes_)
      return Ring::map(std::move(*pinned), ring_bytes_);
  }
  ::unlink(path.c_str());
  Fd fresh(bpf_map_create(BPF_MAP_TYPE_RINGBUF, "ring", 0, 0, ring_bytes_, nullptr));
  if (!fresh) return system_error("make a ring");
  const int fd = fresh.get();
  if (bpf_map_update_elem(bpf_map__fd(object_->skeleton->maps.rings), &worker, &fd, BPF_ANY) != 0)
    return system_error("enter a ring");
  if (Status pinned = pin(fd, path); !pinned) return std::move(pinned.error());
  return Ring::map(std::move(fresh), ring_bytes_);
}

void TapKernel::drop_rings(uint32_t first_unused) {
  for (uint32_t worker = first_unused; worker < VMOAT_WORKERS_MAX; worker++) {
    if (::unlink(ring_pin(pins_, worker).c_str()) == 0)
      bpf_map_delete_elem(bpf_map__fd(object_->skeleton->maps.rings), &worker);
  }
}

std::span<vmoat_answer> TapKernel::answers(uint32_t worker) const {
  return {answers_ + size_t{worker} * answers_per_worker, answers_per_worker};
}

Status TapKernel::answer(uint32_t worker, uint32_t count) const {
  vmoat_answer_run run = {worker * answers_per_worker, count};
  LIBBPF_OPTS(bpf_test_run_opts, options, .ctx_in = &run, .ctx_size_in = sizeof(run));
  if (bpf_prog_test_run_opts(programs_.answer, &options) != 0) return system_error("answer the kernel");
  return success();
}

uint64_t* TapKernel::heartbeat(uint32_t worker) const {
  return heartbeats_ + worker;
}

std::span<uint64_t> TapKernel::on_way(uint32_t worker) const {
  return {on_way_ + size_t{worker} * VMOAT_SLOTS, VMOAT_SLOTS};
}

}  // namespace vmoat
