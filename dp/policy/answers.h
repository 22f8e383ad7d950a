// Answers: what was asked lately and answered. The flows of a host ask few different things, over and over.
#pragma once

#include <utility>

#include "base/region.h"
#include "policy/question.h"

namespace vmoat {

class Answers {
 public:
  Answers() : pairs_(pairs_max * sizeof(Pair)) {}

  /** Null where it was not asked, or other questions have taken its place since. */
  [[nodiscard]] const Decision* find(const Question& question) const {
    const Key key = key_of(question);
    for (const Entry& entry : place(key).entries)
      if (entry.is_known && entry.key == key) return &entry.decision;
    return nullptr;
  }
  /** The older one of two questions that meet makes room. */
  void keep(const Question& question, const Decision& decision) {
    const Key key = key_of(question);
    Pair& pair = place(key);
    pair.entries[1] = std::exchange(pair.entries[0], {key, decision, 1});
  }
  void prefetch(const Question& question) const { __builtin_prefetch(&place(key_of(question))); }

 private:
  static constexpr size_t pairs_max = 1 << 14;
  using Key = std::array<uint64_t, 2>;  // all that a question says

  struct Entry {
    Key key;
    Decision decision;
    uint32_t is_known;
  };
  struct alignas(64) Pair {
    Entry entries[2];
  };
  static_assert(sizeof(Pair) == 64);

  static Key key_of(const Question& q) {
    const auto end = [](Identity identity) { return uint64_t{identity <= identities_max ? identity : 0}; };
    const auto known = static_cast<uint64_t>(q.confidence) | uint64_t{q.application_final} << 2 |
                       uint64_t{q.direction_inferred} << 3 | uint64_t{q.application_by_port} << 4;
    return {uint64_t{q.layers[0]} << 48 | uint64_t{q.layers[1]} << 32 | uint64_t{q.layers[2]} << 16 | q.port,
            known << 56 | uint64_t{q.proto} << 48 | uint64_t{q.client_port} << 32 | end(q.to) << 16 |
                end(q.from)};
  }
  [[nodiscard]] Pair& place(const Key& key) const {
    uint64_t hash = 0;
    for (const uint64_t word : key) hash = (hash ^ word) * 0x9e37'79b9'7f4a'7c15u, hash ^= hash >> 32;
    return reinterpret_cast<Pair*>(pairs_.data())[hash & (pairs_max - 1)];
  }

  Region pairs_;
};

}  // namespace vmoat
