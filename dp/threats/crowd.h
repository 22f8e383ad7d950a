// Crowds: between whom most of what a NIC's meters count goes, by majority vote (Boyer and Moore, 1991): one
// candidate per NIC and kind, however many addresses there are.
#pragma once

#include <array>
#include <vector>

#include "threats/event.h"

namespace vmoat {

enum class CrowdKind : uint8_t { tcp, udp, icmp, count };

class Crowd {
 public:
  Crowd() : candidates_(size_t{VMOAT_SLOTS} * kinds) {}

  /** A new flow or message of this kind at subject.slot. */
  void note(CrowdKind kind, const Subject& subject) {
    Candidate& c = at(kind, subject.slot);
    if (c.votes == 0) c.subject = subject;
    const bool same = c.subject.dst == subject.dst && c.subject.way == subject.way;
    c.votes = same ? std::min(c.votes + 1, votes_max) : c.votes - 1;
    if (same) c.subject = subject;
  }
  /** The candidate; its family is 0 where there is none that goes this way. */
  [[nodiscard]] Subject of(CrowdKind kind, uint16_t slot, uint8_t way) {
    const Candidate& c = at(kind, slot);
    return c.votes > 0 && c.subject.way == way ? c.subject : Subject{};
  }

 private:
  static constexpr size_t kinds = static_cast<size_t>(CrowdKind::count);
  static constexpr int votes_max = 10000;  // so that a new crowd wins within as many
  struct Candidate {
    Subject subject;
    int votes = 0;
  };
  Candidate& at(CrowdKind kind, uint16_t slot) {
    return candidates_[slot % VMOAT_SLOTS * kinds + static_cast<size_t>(kind)];
  }

  std::vector<Candidate> candidates_;
};

}  // namespace vmoat
