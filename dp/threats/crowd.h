// Crowds: between whom most of what a NIC's meters count goes, by majority vote (Boyer and Moore, 1991): one
// candidate per NIC and kind, however many addresses there are. Each worker has its own crowds, so that none
// waits for another at new flows; once a second those of all are added up.
#pragma once

#include <algorithm>
#include <mutex>

#include "base/region.h"
#include "threats/event.h"

namespace vmoat {

enum class CrowdKind : uint8_t { tcp, udp, icmp, count };

class Crowd {
 public:
  /** Whom most goes to; votes 0: nobody known. */
  struct Candidate {
    Subject subject;
    int votes = 0;

    /** Of two crowds' candidates the one that is left when their votes are set against each other. */
    void merge(const Candidate& other) {
      const bool same = votes > 0 && other.votes > 0 && is_same(other.subject);
      if (same) {
        votes += other.votes;
      } else if (other.votes > votes) {
        *this = {other.subject, other.votes - votes};
      } else {
        votes -= other.votes;
      }
    }
    [[nodiscard]] bool is_same(const Subject& s) const {
      return subject.dst == s.dst && subject.way == s.way;
    }
  };

  Crowd() : candidates_(size_t{VMOAT_SLOTS} * kinds * sizeof(Candidate)) {}

  /** A new flow or message of this kind at subject.slot. */
  void note(CrowdKind kind, const Subject& subject) {
    Candidate& c = at(kind, subject.slot);
    if (c.votes == 0) c.subject = subject;
    const bool same = c.is_same(subject);
    c.votes = same ? std::min(c.votes + 1, votes_max) : c.votes - 1;
    if (same) c.subject = subject;
  }
  [[nodiscard]] const Candidate& of(CrowdKind kind, uint16_t slot) const { return at(kind, slot); }

  std::mutex mutex;  // the worker's own against whoever adds up

 private:
  static constexpr size_t kinds = static_cast<size_t>(CrowdKind::count);
  static constexpr int votes_max = 10000;  // so that a new crowd wins within as many
  [[nodiscard]] Candidate& at(CrowdKind kind, uint16_t slot) const {
    auto* all = reinterpret_cast<Candidate*>(candidates_.data());
    return all[slot % VMOAT_SLOTS * kinds + static_cast<size_t>(kind)];
  }

  Region candidates_;
};

}  // namespace vmoat
