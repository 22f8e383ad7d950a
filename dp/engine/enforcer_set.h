// EnforcerSet: the enforcers of this host: which one serves a NIC, and many NICs on their way in and out
// together.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "enforce/enforcer.h"
#include "enforce/wall.h"

namespace vmoat {

/** Every kind, or one by order of the operator. */
constexpr std::string_view any_enforcer = "automatic";
/** Whether there is one of that name. */
bool is_enforcer(std::string_view name);

struct ChosenEnforcer {
  const EnforcerKind* kind = nullptr;  // null: none can serve the NIC
  std::string reason;
};
/** The first that can serve the NIC, or `only` that one. */
ChosenEnforcer choose_enforcer(const EnforcedNic& nic, std::string_view only);

struct EnforcerSetOptions {
  std::string pin_root;
  uint32_t netns = 0;
  bool tcx = true;
  uint32_t reinjected = 0;
  int hand_on = -1;  // see EnforcerOptions
};

/** What is to enforce a NIC. */
struct WantedEnforcer {
  EnforcedNic nic;
  const EnforcerKind* kind = nullptr;
};

class EnforcerSet {
 public:
  /** Takes over what an earlier run left. `netlink` must outlive it. */
  static Result<EnforcerSet> open(const EnforcerSetOptions& options, Netlink& netlink);
  /** Whether an earlier run has left anything to take over. */
  static bool has_left(const std::string& pin_root);

  /**
   * Brings NICs, by the ifindex of their taps, one step closer to what is wanted; those not named, to being
   * enforced by nobody. For a bounded time, so that many take several calls. True: call again.
   */
  bool step(const std::map<uint32_t, WantedEnforcer>& wanted, const std::map<uint32_t, Link>& links);
  /** Somebody is not where he is wanted, when step() has no more to do: try again later. */
  [[nodiscard]] bool waits() const;
  /** Everything is as without us, at once. */
  Status remove_all();

  /** The kind that enforces the NIC, or is about to, or does so still; null: none. */
  [[nodiscard]] const EnforcerKind* kind_of(uint32_t tap) const;
  [[nodiscard]] bool is_there(uint32_t tap) const;
  /** What went wrong when it was tried last. */
  [[nodiscard]] std::string problem(uint32_t tap) const;
  [[nodiscard]] EnforcedPath path(uint32_t tap) const;
  [[nodiscard]] std::vector<uint32_t> taps() const;
  void hide(std::map<uint32_t, Link>& links) const;
  /** See Wall::program. */
  [[nodiscard]] int wall() const { return wall_.program(); }

 private:
  struct Standing {
    const EnforcerKind* by = nullptr;
    bool is_there = false;
    bool has_frames_on_way = false;  // which are to pass before its next step
    std::string problem;
  };
  EnforcerSet(Wall wall, Netlink& netlink) : wall_(std::move(wall)), netlink_(&netlink) {}
  void take_over(const EnforcerKind& kind);
  void let_all_pass();
  Progress move(uint32_t tap, Standing& standing, const WantedEnforcer* wanted,
                const std::map<uint32_t, Link>& links);
  Progress note(Standing& standing, Result<Progress> progress);

  Wall wall_;
  Netlink* netlink_;
  std::map<const EnforcerKind*, std::unique_ptr<Enforcer>> enforcers_;
  std::map<uint32_t, Standing> standings_;  // by tap
  size_t given_up_ = 0;                     // pairs that nobody has removed yet
  uint32_t turn_ = 0;                       // the tap that step() begins with
};

}  // namespace vmoat
