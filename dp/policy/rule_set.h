// RuleSets: rules that apply between the same ends, arranged so that the first one for a flow is found
// without trying them in turn. Nothing in it grows with more than the number of their ranges.
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
  RuleSets() = default;
  /** For so many rules. */
  explicit RuleSets(size_t rules) : sets_(rules) {}

  /** Members in order. */
  void add(std::span<const CompiledRule> rules, std::span<const RuleIndex> members);

  void prefetch(RuleIndex first) const { __builtin_prefetch(&sets_[first]); }
  /** Puts what the set of a first rule has into `found` where that is earlier. */
  void look(RuleIndex first, const Wanted& wanted, Found& found) const;

 private:
  static constexpr size_t few_max = 16;

  /** One range of one rule with one of its applications. */
  struct Term {
    uint64_t path : 48, rule : 16;
    uint32_t first : 24, layers : 2;  // layers of the path; 0 = any application
    uint32_t takes_guess : 1, is_deny : 1;
    uint32_t last;
  };
  static_assert(sizeof(Term) == 16);
  struct Set {
    Term lead{};             // most sets have one alone
    uint32_t others_at = 0;  // in terms_
    uint32_t others = 0;     // `many`: the set is many_[others_at]
  };
  static constexpr uint32_t many = ~0u;

  static void meet(const Term& term, const Wanted& wanted, Found& found);
  void add_few(std::span<const CompiledRule> rules, std::span<const RuleIndex> members);
  void append_terms(const CompiledRule& rule, RuleIndex index);

  std::vector<Set> sets_;  // by first rule
  std::vector<Term> terms_;
  std::vector<ManyRules> many_;
};

}  // namespace vmoat
