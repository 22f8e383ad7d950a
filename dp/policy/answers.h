// Answers: what was asked lately and answered. The flows of a host ask few different things, over and over.
#pragma once

#include <bit>

#include "base/region.h"
#include "policy/question.h"

namespace vmoat {

class Answers {
 public:
  Answers() : entries_(entries_max * sizeof(Entry)) {}

  /** Null where it was not asked, or another question has taken its place since. */
  [[nodiscard]] const Decision* find(const Question& question) const {
    const Entry& entry = place(question);
    return entry.is_known && entry.words == words_of(question) ? &entry.decision : nullptr;
  }
  void keep(const Question& question, const Decision& decision) {
    place(question) = {words_of(question), decision, 1};
  }
  void prefetch(const Question& question) const { __builtin_prefetch(&place(question)); }

 private:
  static constexpr size_t entries_max = 1 << 15;
  using Words = std::array<uint64_t, 3>;

  struct Entry {
    Words words;  // of the question
    Decision decision;
    uint32_t is_known;
  };
  static_assert(sizeof(Entry) == 40);

  static Words words_of(const Question& question) { return std::bit_cast<Words>(question); }
  [[nodiscard]] Entry& place(const Question& question) const {
    const Words words = words_of(question);
    uint64_t hash = 0;
    for (const uint64_t word : words) hash = (hash ^ word) * 0x9e37'79b9'7f4a'7c15u, hash ^= hash >> 32;
    return reinterpret_cast<Entry*>(entries_.data())[hash & (entries_max - 1)];
  }

  Region entries_;
};

}  // namespace vmoat
