// RuleSet: rules that apply between the same ends, arranged so that the first one for a flow is found without
// trying them in turn. Nothing in it grows with more than the number of their ranges.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "contract/records.h"
#include "policy/first_rules.h"

namespace vmoat {

/** Up to three layers of an application from the outside in, 16 bits each, the outermost on top; 0 = none. */
using ApplicationPath = uint64_t;

/** The path's first `layers` layers. */
constexpr ApplicationPath outermost(ApplicationPath path, int layers) {
  return path & ~uint64_t{0} << 16 * (3 - layers);
}

struct CompiledRule {
  uint32_t number = 0;
  uint32_t from = 0, to = 0;  // groups
  Verdict action = Verdict::none;
  std::vector<ServiceRange> services;
  std::vector<ApplicationPath> applications;  // none: any
};

/** What is asked of a rule set. */
struct Wanted {
  Service service = 0;
  ApplicationPath application = 0;
  bool deny_only = false;  // the application is a guess: it satisfies no allow rule
  bool open = false;       // the application may still become known, or another one
};

/** The first rule of each kind that matters; no_rule where there is none. */
struct Found {
  RuleIndex matching = no_rule;                           // for certain
  RuleIndex maybe_allow = no_rule, maybe_deny = no_rule;  // by their applications, which are not known yet
};

class RuleSet {
 public:
  RuleSet(std::span<const CompiledRule> rules, std::span<const RuleIndex> members);

  /** Puts what it has into `found` where that is earlier. */
  void look(const Wanted& wanted, Found& found) const;

 private:
  struct ByApplication {
    ApplicationPath path;
    FirstRules any, deny;
  };

  [[nodiscard]] RuleIndex first_by_application(const Wanted& wanted) const;

  FirstRules unconditional_;                   // rules that name no application
  FirstRules allow_, deny_;                    // rules that name one
  std::vector<ByApplication> by_application_;  // ascending
};

}  // namespace vmoat
