// TapKernel: the tap programs and their maps as they stand in the kernel, loaded or adopted from pins.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/fd.h"
#include "base/result.h"
#include "capture/ring.h"
#include "contract/kernel.h"

namespace vmoat {

struct TapKernelOptions {
  std::string pin_root = "/sys/fs/bpf/vmoat";
  uint32_t netns = 0;  // inode number of the namespace the programs serve, see own_netns()
  uint32_t flows_max = 262144;
  uint32_t ring_bytes = 8u << 20;
  uint32_t reinjected = 0;  // mark of a frame that was held and goes on; 0: none does
  vmoat_settings settings = {};
};

/** File descriptors of the programs; owned by the TapKernel. */
struct TapPrograms {
  int from_nic = -1;
  int to_nic = -1;             // for an egress hook
  int to_nic_at_ingress = -1;  // for a macvtap
  int answer = -1;
};

struct CountedFlow {
  vmoat_flow_key key;
  vmoat_flow flow;
};

/** Inode number of the calling thread's network namespace. */
Result<uint32_t> own_netns();
/** Directory of this layout's pins. */
std::string pin_directory(const std::string& pin_root);
/** Directory of the pins of TCX links, whatever their layout: the programs of one follow those of another
 * without a gap. */
std::string tap_links(const std::string& pin_root);

using TapTable = std::vector<std::pair<vmoat_tap_id, vmoat_tap>>;
/** The taps that an earlier run left in this directory of pins; empty where there is none. */
TapTable read_pinned_taps(const std::string& pins);

/** Panic by the maps that are pinned there, whoever else is alive; 0 ends it. Fails where none are. */
Status set_panic(const std::string& pin_root, uint64_t until_ns);
Result<uint64_t> read_panic(const std::string& pin_root);

class TapKernel {
 public:
  /**
   * Loads the programs over the pinned maps of an earlier run if there are any that fit, else over new
   * ones. Other layouts' pins, and maps of another size, are removed first.
   */
  static Result<std::unique_ptr<TapKernel>> open(const TapKernelOptions& options);
  ~TapKernel();

  /** True where maps of an earlier run were taken over. */
  [[nodiscard]] bool adopted() const { return adopted_; }
  [[nodiscard]] const TapPrograms& programs() const { return programs_; }
  [[nodiscard]] uint32_t flows_max() const { return flows_max_; }
  /** The map of enum vmoat_hand_on. */
  [[nodiscard]] int hand_on() const;

  [[nodiscard]] TapTable taps() const;
  Status set_tap(const vmoat_tap_id& id, const vmoat_tap& tap);
  void remove_tap(const vmoat_tap_id& id);

  /** Sum over all CPUs. */
  [[nodiscard]] vmoat_nic_counters nic_counters(uint16_t slot) const;
  /** Zeroes everything that is counted for a slot. Precondition: no tap and no flow has it. */
  void clear_slot(uint16_t slot);

  /** One entry of the flow table, as far as the kernel has it. */
  [[nodiscard]] std::optional<vmoat_flow> flow(const vmoat_flow_key& key) const;
  /** Every entry of the flow table, in no order; entries that move meanwhile may come twice or not at all. */
  Status each_flow(const std::function<void(std::span<const CountedFlow>)>& read) const;

  /** How a NIC is guarded from now on; VMOAT_ANY_NIC before the first, and after the last. */
  Status set_guard(uint16_t slot, const vmoat_guard& guard);
  [[nodiscard]] vmoat_guard guard(uint16_t slot) const;
  /** Nobody is guarded from now on. */
  Status clear_guards();
  /** The ports of a NIC's guest that can always be reached, no others. */
  Status set_fail_safe(uint16_t slot, std::span<const vmoat_fail_safe> ports);
  /** Who an address is, and what is allowed between two identities: for as long as their generation is the
   * guard's. */
  Status set_end(const vmoat_end_key& key, const vmoat_end& end);
  Status set_pair(const vmoat_pair& pair, uint32_t verdict_word);
  /** Every address that an earlier policy or run has told, in no order. */
  [[nodiscard]] std::vector<std::pair<vmoat_end_key, vmoat_end>> ends() const;
  /** CLOCK_BOOTTIME ns until which nothing is dropped or held; 0: there is no panic. */
  [[nodiscard]] uint64_t panic_until_ns() const;
  /** The interface that takes held frames to a worker, 0 = none. */
  Status set_divert(uint32_t worker, uint32_t ifindex);

  Status apply(const vmoat_settings& settings);
  Result<Ring> ring(uint32_t worker);
  /** Removes rings of an earlier run with more workers. */
  void drop_rings(uint32_t first_unused);
  /** This worker's run of the answers array. */
  [[nodiscard]] std::span<vmoat_answer> answers(uint32_t worker) const;
  /** Has the kernel carry out the first `count` answers of the worker's run; results stand in them. */
  Status answer(uint32_t worker, uint32_t count) const;
  /** CLOCK_MONOTONIC ns, read by the kernel and by status. */
  [[nodiscard]] uint64_t* heartbeat(uint32_t worker) const;
  /** By slot: bytes (vmoat_held_cost) of frames that were held and that this worker has not taken. The kernel
   * adds. */
  [[nodiscard]] std::span<uint64_t> on_way(uint32_t worker) const;

 private:
  struct Object;
  TapKernel();
  Status load(const TapKernelOptions& options);
  Status map_memory();

  std::unique_ptr<Object> object_;
  std::string pins_;
  TapPrograms programs_;
  uint32_t flows_max_ = 0;
  uint32_t ring_bytes_ = 0;
  bool adopted_ = false;
  vmoat_answer* answers_ = nullptr;
  uint64_t* heartbeats_ = nullptr;
  uint64_t* on_way_ = nullptr;
};

}  // namespace vmoat
