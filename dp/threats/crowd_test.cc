// Crowds: who wins the vote, and how those of several workers are added up.
#include "threats/crowd.h"

#include <doctest/doctest.h>

#include <memory>

namespace vmoat {

namespace {

Subject to(uint64_t host) {
  Subject subject;
  subject.dst.words[1] = host;
  subject.slot = 5;
  subject.family = 4;
  return subject;
}

}  // namespace

TEST_CASE("a crowd's candidate is whom most goes to; NICs and kinds have their own") {
  const auto crowd = std::make_unique<Crowd>();
  for (uint64_t i = 0; i < 300; i++) crowd->note(CrowdKind::tcp, to(i % 3 == 0 ? 100 + i : 7));
  const Crowd::Candidate& most = crowd->of(CrowdKind::tcp, 5);
  CHECK(most.votes > 0);
  CHECK(most.subject.dst == to(7).dst);
  CHECK(crowd->of(CrowdKind::udp, 5).votes == 0);
  CHECK(crowd->of(CrowdKind::tcp, 6).votes == 0);
}

TEST_CASE("two workers' crowds: votes for the same add up, for others they are set off") {
  Crowd::Candidate sum;
  sum.merge({to(1), 5});
  CHECK(sum.votes == 5);
  sum.merge({to(2), 8});
  CHECK(sum.subject.dst == to(2).dst);
  CHECK(sum.votes == 3);
  sum.merge({to(2), 4});
  CHECK(sum.votes == 7);
  sum.merge({to(1), 7});
  CHECK(sum.votes == 0);
  sum.merge({to(3), 1});
  CHECK(sum.subject.dst == to(3).dst);
}

}  // namespace vmoat
