// RuleSets: rules that apply between the same two groups. A few lie side by side in their order; many are
// arranged so that the first one for a flow is found without trying them in turn. Nothing in it grows with
// more than the number of their ranges.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "contract/records.h"
#include "policy/first_rules.h"
#include "policy/tables.h"

namespace vmoat {

/** Up to three layers of an application from the outside in, 16 bits each, the outermost on top; 0 = none. */
using ApplicationPath = uint64_t;

/** The path's first `layers` layers. */
constexpr ApplicationPath outermost(ApplicationPath path, int layers) {
  return path & ~uint64_t{0} << 16 * (3 - layers);
}

constexpr int layers_of(ApplicationPath path) {
  return (path & 0xffff) != 0 ? 3 : (path & 0xffff'0000) != 0 ? 2 : path != 0 ? 1 : 0;
}

/** What a rule's applications begin with, in seven bits: enough to pass over most rules that name others. */
using ApplicationTag = uint8_t;
constexpr ApplicationTag tag_any = 0, tag_several = 127;

constexpr ApplicationTag tag_of(ApplicationPath path) {
  const auto outer = static_cast<uint16_t>(path >> 32);
  return static_cast<ApplicationTag>(outer == 0 ? 0 : 1 + outer % 126);
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

/** What each rule asks of a flow beside ends and ports: its application. */
class Conditions {
 public:
  /** Rules in their order. */
  void add(const CompiledRule& rule);

  [[nodiscard]] ApplicationTag tag(RuleIndex rule) const { return of_[rule].tag; }
  [[nodiscard]] bool denies(RuleIndex rule) const { return of_[rule].denies != 0; }
  /** Whether a rule that has the flow's ends and port matches for certain. */
  [[nodiscard]] bool matches(RuleIndex rule, const Wanted& wanted) const {
    const Condition& condition = of_[rule];
    return (condition.layers == 0 || condition.denies || !wanted.deny_only) &&
           names(condition, wanted.application);
  }

 private:
  struct Condition {
    uint64_t path : 48, layers : 2, denies : 1, tag : 7;  // its first application; no layers = any
    uint32_t others_at, others;                           // in paths_
  };
  static_assert(sizeof(Condition) == 16);

  [[nodiscard]] bool names(const Condition& condition, ApplicationPath application) const {
    return outermost(application, static_cast<int>(condition.layers)) == condition.path ||
           (condition.others != 0 && names_other(condition, application));
  }
  [[nodiscard]] bool names_other(const Condition& condition, ApplicationPath application) const;

  std::vector<Condition> of_;  // each rule
  std::vector<ApplicationPath> paths_;
};

/** Of many rules: trees by service, for all applications and for each one. */
class ManyRules {
 public:
  ManyRules(std::span<const CompiledRule> rules, std::span<const RuleIndex> members);
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

/** The sets of all pairs of groups, each known by its first rule. */
class RuleSets {
 public:
  /** One range of one rule. */
  struct Term {
    uint64_t first : 24, last : 24, rule : 16;  // services

    [[nodiscard]] bool has(Service service) const { return first <= service && service <= last; }
  };
  static_assert(sizeof(Term) == 8);

  RuleSets() = default;
  explicit RuleSets(std::span<const CompiledRule> rules);

  /** Members in order. */
  void add(std::span<const CompiledRule> rules, std::span<const RuleIndex> members);

  [[nodiscard]] const Conditions& conditions() const { return conditions_; }
  /** In the order of their rules. */
  [[nodiscard]] std::span<const Term> terms(RuleIndex first) const {
    return std::span(terms_).subspan(sets_[first].terms_at, sets_[first].terms);
  }
  /** Puts what the set of a first rule has into `found` where that is earlier. */
  void look(RuleIndex first, const Wanted& wanted, Found& found) const;

 private:
  static constexpr size_t few_max = 16;

  struct Set {
    uint32_t terms_at = 0, terms = 0;
    uint32_t many = 0;  // in many_ + 1; 0: they are few
  };

  Conditions conditions_;
  std::vector<Set> sets_;  // by first rule
  std::vector<Term> terms_;
  std::vector<ManyRules> many_;
};

}  // namespace vmoat
