// Splice: takes a NIC's tap out of its bridge and puts a port of ours in its place, and back, without losing
// a frame.
//
// The port is the outer end of a pair. It waits in the bridge ahead of time (a port of a bridge with STP
// is mute for twice its forward delay), takes over the tap's attributes, addresses and multicast groups, and
// only then does the tap leave. How far a splice has got stands in a pinned map: whoever comes after us goes
// on from there.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "enforce/enforcer.h"
#include "enforce/program_places.h"
#include "enforce/splice_map.h"
#include "enforce/stand_in.h"
#include "plumb/bridge.h"

namespace vmoat {

class Splice final : public Enforcer {
 public:
  static std::string why_not(const EnforcedNic& nic);
  static Result<std::unique_ptr<Enforcer>> open(const EnforcerOptions& options, Netlink& netlink);

  Result<Progress> begin(const EnforcedNic& nic, const std::map<uint32_t, Link>& links) override;
  Result<Progress> end(uint32_t tap) override;
  /** A spliced tap goes back into its bridge whether it forwards there or not. */
  Status remove(uint32_t tap) override;
  [[nodiscard]] EnforcedPath path(uint32_t tap) const override;
  [[nodiscard]] std::vector<uint32_t> taps() const override;
  void hide(std::map<uint32_t, Link>& links) const override;

  /** VMOAT_STANDBY where there is none. */
  [[nodiscard]] vmoat_stage stage(uint32_t tap) const;

 private:
  enum class Turn : uint8_t { none, in, out };
  struct Place {
    uint32_t index = 0;  // in the map
    StandIn pair;
    std::string name;               // of the tap, as the pair says it; empty: an earlier run's
    uint32_t bridge = 0;            // that the port was in last
    std::optional<BridgePort> was;  // the port, or the tap, when it was looked at last
    PortVlans vlans;                // its
    bool is_ours = false;           // its programs are this run's
    bool is_apart = true;           // see vmoat_splice
    Turn turning = Turn::none;      // tap and port tell each other what they let pass, for a change that way
  };
  Splice(const EnforcerOptions& options, Netlink& netlink, std::unique_ptr<SpliceMap> map);
  void take_over();
  Result<uint32_t> free_index() const;
  Status prepare(const EnforcedNic& nic);
  Status refresh(const EnforcedNic& nic, Place& place, const std::map<uint32_t, Link>& links);
  Result<bool> is_to_be_apart(uint32_t tap);
  Status attach(uint32_t tap, const Place& place);
  Status hand_on_where_needed();
  Status join(const BridgePort& tap, uint32_t port);
  Result<Progress> enter(uint32_t tap, Place& place);
  Result<Progress> complete(uint32_t tap, Place& place);
  Result<Progress> keep(uint32_t tap, Place& place, const std::map<uint32_t, Link>& links);
  Result<Progress> look_after(uint32_t tap, Place& place);
  Result<Progress> leave(uint32_t tap, Place& place, uint32_t master);
  Result<Progress> start_over(uint32_t tap, const Place& place);
  Status remember(Place& place, const BridgePort& port);
  Status turn(Place& place, Turn way);
  static Status take_out(const BridgePort& tap);
  Status rejoin(const BridgePort& port, uint32_t tap);
  Status hand_over(const BridgePort& from, uint32_t to);
  Status hand_back(uint32_t tap, const Place& place);
  Status clear(uint32_t tap);

  Netlink& netlink_;
  ProgramPlaces programs_;
  const int wall_;
  const bool is_handed_on_;  // the tap's programs can hand on to ours
  const std::unique_ptr<SpliceMap> map_;
  std::map<uint32_t, Place> places_;  // by tap
};

}  // namespace vmoat
