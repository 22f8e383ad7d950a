// IdentityTable: numbers for distinct sets of groups. It outlives policies: a set that a new policy has as
// well keeps its number, and no number means another set before the last policy that knew it is gone.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <span>
#include <string>
#include <vector>

namespace vmoat {

/** 0 = none: an end that no policy knows. */
using Identity = uint32_t;
constexpr Identity identities_max = 65'535;

/** Small numbers from 1 on for keys in use, each as often as it was taken; a free one is used again as late
 * as can be. */
template <class Key>
class Numbering {
 public:
  explicit Numbering(uint32_t most) : most_(most) {}

  /** 0 when all numbers are in use. */
  uint32_t take(const Key& key) {
    const auto found = uses_.find(key);
    if (found != uses_.end()) return found->second.times++, found->second.number;
    const uint32_t number = unused();
    if (number == 0) return 0;
    keys_[number - 1] = uses_.emplace(key, Use{number, 1}).first;
    return number;
  }
  void give_back(uint32_t number) {
    const auto entry = keys_[number - 1];
    if (--entry->second.times != 0) return;
    uses_.erase(entry);
    free_.push_back(number);
  }
  [[nodiscard]] size_t used() const { return uses_.size(); }

 private:
  struct Use {
    uint32_t number, times;
  };

  uint32_t unused() {
    if (keys_.size() < most_) return keys_.emplace_back(), static_cast<uint32_t>(keys_.size());
    if (free_.empty()) return 0;
    const uint32_t number = free_.front();
    free_.pop_front();
    return number;
  }

  uint32_t most_;
  std::map<Key, Use> uses_;
  std::vector<typename std::map<Key, Use>::iterator> keys_;  // by number - 1
  std::deque<uint32_t> free_;
};

/** Safe for threads. */
class IdentityTable {
 public:
  /** The group's number for as long as somebody has it, and 0 when there are too many. */
  uint32_t take_group(const std::string& name);
  void give_back_group(uint32_t number);

  /** Of numbers of groups in ascending order. */
  Identity take(const std::vector<uint32_t>& groups);
  void give_back(Identity identity);

  [[nodiscard]] size_t used() const;

 private:
  static constexpr uint32_t groups_max = 1u << 20;  // of all policies that live at a time

  mutable std::mutex mutex_;
  Numbering<std::string> groups_{groups_max};
  Numbering<std::vector<uint32_t>> sets_{identities_max};
};

}  // namespace vmoat
