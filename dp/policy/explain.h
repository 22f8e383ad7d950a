// Evidence: why the evaluator answers as it does, in the order in which it is to be told.
#pragma once

#include <vector>

#include "policy/evaluate.h"

namespace vmoat {

/** What became of a rule whose groups have both ends. */
enum class Match : uint8_t {
  matched,      // for certain: it decides
  maybe,        // the application is not known yet
  port,         // other ports
  application,  // another application
  unknown,      // the application stays unknown
  guess,        // the application is a guess, which satisfies no allow rule
  by_port,      // the application is not known, its ports are enough: it decides
};

struct EndEvidence {
  std::vector<uint32_t> groups;  // index, ascending; none: the policy does not know the end
  Mode mode = Mode::none;        // in effect
  uint32_t mode_group = 0;       // which gave it, where mode is not none
};

struct RuleEvidence {
  uint32_t number = 0;
  Match match = Match::matched;
};

struct Evidence {
  EndEvidence from, to;             // as the decision has them: swapped where it is reversed
  std::vector<RuleEvidence> rules;  // up to the one that decides, in order
  size_t rules_left_out = 0;        // of those before the last ones, where there are more than explained_max
  Decision decision;
};
constexpr size_t explained_max = 1000;

Evidence explain(Evaluator& evaluator, const Question& question);

}  // namespace vmoat
