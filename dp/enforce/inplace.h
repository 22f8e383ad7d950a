// Inplace: the tap stays where it is, and what it is in needs to be no bridge at all. The programs on it hold
// and drop; what was held on its way from the guest comes in by the tap once more, by a pair of ours.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "enforce/enforcer.h"
#include "enforce/program_places.h"
#include "enforce/stand_in.h"

namespace vmoat {

class Inplace final : public Enforcer {
 public:
  static std::string why_not(const EnforcedNic& nic);
  static Result<std::unique_ptr<Enforcer>> open(const EnforcerOptions& options, Netlink& netlink);
  ~Inplace() override;

  Result<Progress> begin(const EnforcedNic& nic, const std::map<uint32_t, Link>& links) override;
  Result<Progress> end(uint32_t tap) override;
  Status remove(uint32_t tap) override;
  [[nodiscard]] EnforcedPath path(uint32_t tap) const override;
  [[nodiscard]] std::vector<uint32_t> taps() const override;
  void hide(std::map<uint32_t, Link>& links) const override;

 private:
  struct Object;
  struct Place {
    StandIn pair;
    std::string name;  // of the tap, as the pair says it; empty: an earlier run's
  };
  Inplace(const EnforcerOptions& options, Netlink& netlink);
  Status load(const EnforcerOptions& options);
  void take_over();
  Status enter(uint32_t outer, uint32_t tap);
  void forget(uint32_t outer);
  Status prepare(const EnforcedNic& nic);
  Status attach(const StandIn& pair);

  Netlink& netlink_;
  ProgramPlaces programs_;
  const int wall_;
  const uint32_t netns_;
  const std::unique_ptr<Object> object_;
  std::map<uint32_t, Place> places_;  // by tap
};

}  // namespace vmoat
