// The pipeline asks the policy: of a session that is new, that changed, or that an older policy was asked
// about.
#include "engine/pipeline_impl.h"

namespace vmoat {

void Pipeline::Impl::policy(std::shared_ptr<const LivePolicy> policy) {
  verdicts_.take(std::move(policy));
  asked_again_ = 0;
  asking_again_ = true;
}

void Pipeline::Impl::ask_policy(uint32_t number) {
  if (!verdicts_.active()) return;
  const Session& s = table_[number];
  if (verdicts_.judge(number, s, paths_.at(s.path), now_ns_)) touch(number);
}

/** Without a policy an open session only loses its verdict. */
void Pipeline::Impl::ask_policy_again() {
  for (uint32_t asked = 0; asking_again_ && asked < judged_an_advance; asked++) {
    asked_again_ = table_.next(asked_again_);
    asking_again_ = asked_again_ != 0;
    if (!asking_again_ || table_[asked_again_].state == State::ended) continue;
    if (verdicts_.active())
      ask_policy(asked_again_);
    else
      touch(asked_again_);
  }
}

}  // namespace vmoat
