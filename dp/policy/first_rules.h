// FirstRules: for every service the first of the rules whose ranges have it. Ranges overlap at will; they are
// cut into pieces that do not, so that memory grows with their number alone, and looking one up takes a few
// cache lines whether there are ten or ten thousand.
#pragma once

#include <cstdint>
#include <limits>
#include <vector>

#include "policy/service.h"

namespace vmoat {

/** A rule by its place in the order; no_rule stands behind all others. */
using RuleIndex = uint32_t;
constexpr RuleIndex no_rule = std::numeric_limits<uint32_t>::max();

/** One of the ranges of one rule. */
struct Placement {
  ServiceRange services;
  RuleIndex rule = no_rule;
};

class FirstRules {
 public:
  FirstRules() = default;
  explicit FirstRules(std::vector<Placement> placements);

  [[nodiscard]] RuleIndex find(Service service) const;

 private:
  static constexpr uint32_t fanout = 16;  // starts in one cache line

  // A tree of lines of starts: level d has room for fanout^d lines, the last one holds the starts of all
  // pieces, each other one the first start of every line below. Then comes the rule of each piece.
  std::vector<uint32_t> words_;
  uint32_t rules_at_ = 0;
  uint32_t levels_ = 0;
};

}  // namespace vmoat
