// Splice: takes a NIC's tap out of its bridge and puts a port of ours in its place, and back, without losing
// a frame.
//
// The port is the far end of a veth pair. It waits in the bridge ahead of time (a port of a bridge with STP
// is mute for twice its forward delay), takes over the tap's attributes, addresses and multicast groups, and
// only then does the tap leave. How far a splice has got stands in a pinned map: whoever comes after us goes
// on from there.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "contract/kernel.h"
#include "plumb/bridge.h"
#include "plumb/tcx.h"

namespace vmoat {

struct SpliceOptions {
  /** Directory of maps and links in the BPF file system. */
  std::string pins;
  uint32_t netns = 0;  // inode number of the namespace
  bool tcx = true;     // else clsact
};

class Splices {
 public:
  /** Loads the programs over the maps of an earlier run if there are any. `netlink` must outlive it. */
  static Result<std::unique_ptr<Splices>> open(const SpliceOptions& options, Netlink& netlink);
  ~Splices();

  /** Puts a port into the bridge that `tap` is in, where it waits. The tap's NIC has this slot from now on.
   */
  Status prepare(uint16_t slot, uint32_t tap, const std::string& name);
  /**
   * Puts the port in the tap's place. False: the port does not forward yet (STP), nothing was changed, ask
   * again. Precondition: it was prepared.
   */
  Result<bool> splice(uint16_t slot);
  /** The tap goes back into the bridge that its port is in. False: it waits there to forward, ask again. */
  Result<bool> unsplice(uint16_t slot);
  /** Takes the port away, at once: a spliced tap is put back whether it forwards or not. */
  Status remove(uint16_t slot);

  /** The pair's end that is not in the bridge: what is sent out of it comes in by the port. 0: there is none.
   */
  [[nodiscard]] uint32_t inner(uint16_t slot);
  /** A program that drops everything, for whoever has an interface that the host must not listen on. */
  [[nodiscard]] int wall_program() const;
  /** By slot; a tap of 0 is nobody. */
  [[nodiscard]] vmoat_splice at(uint16_t slot) const;

 private:
  struct Object;
  Splices(const SpliceOptions& options, Netlink& netlink);
  Status load();
  Status enter(uint16_t slot, const vmoat_splice& splice);
  Status attach(const vmoat_splice& splice, uint32_t inner);
  Status attach_one(uint32_t ifindex, TrafficSide side, int program, const char* name, TcxPlace place);
  void detach(uint32_t ifindex, const char* name, TrafficSide side);
  Status begin_change(uint16_t slot);
  Status set_stage(uint16_t slot, vmoat_stage stage);
  Status hand_over(const BridgePort& from, uint32_t to);
  Result<BridgePort> port_of(uint32_t ifindex);

  const SpliceOptions options_;
  Netlink& netlink_;
  std::unique_ptr<Object> object_;
};

}  // namespace vmoat
