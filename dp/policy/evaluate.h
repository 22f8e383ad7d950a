// Evaluator: what the policy says to a flow. The only one there is: on packets, to explain and to replay the
// past.
//
// Rules stand in order, the first that matches decides; where none does, the modes of both ends do. A rule
// that names applications matches only once the application is known: until then it is a maybe, and a verdict
// is given only where every maybe would give the same one.
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "policy/policy.h"
#include "policy/question.h"

namespace vmoat {

/** Any thread. */
class Evaluator {
 public:
  explicit Evaluator(std::shared_ptr<const Policy> policy);

  [[nodiscard]] Decision evaluate(const Question& question) const;
  /** `decisions` has room for as many as there are questions. */
  void evaluate(std::span<const Question> questions, std::span<Decision> decisions) const;

  [[nodiscard]] const Policy& policy() const { return *policy_; }

 private:
  [[nodiscard]] Decision evaluate(const Question& question, PlanCell* cell) const;
  [[nodiscard]] Decision one_way(const Question& question, PlanCell* cell, Identity from, Identity to,
                                 uint16_t port) const;

  std::shared_ptr<const Policy> policy_;
};

}  // namespace vmoat
