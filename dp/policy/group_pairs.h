// GroupPairs: the first rule between any two groups, so that what has to be asked for a pair of ends is read,
// not searched. Rows and columns are numbered by how many rules name the group: those between two of which
// one is among the most used are in a matrix, close together; few cells are left, for a hash table.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "policy/rule_set.h"

namespace vmoat {

class GroupPairs {
 public:
  static constexpr uint16_t nothing = 0xffff;
  static_assert(2 * policy_limits::rules < nothing);

  GroupPairs() = default;
  /** Of rules in their order, between `groups` groups. */
  GroupPairs(std::span<const CompiledRule> rules, size_t groups);

  /** Of a group, in rules from it and to it; `nothing` where no rule names it so. */
  [[nodiscard]] uint16_t row(uint32_t group) const { return rows_[group]; }
  [[nodiscard]] uint16_t column(uint32_t group) const { return columns_[group]; }

  /** The first rule of a pair, or nothing. */
  [[nodiscard]] uint16_t first(uint16_t row, uint16_t column) const {
    if (row < used_most) return wide_[size_t{row} * width_ + column];
    if (column < used_most) return narrow_[size_t{row} * used_most + column];
    return cells_[slot(row, column)].first;
  }

 private:
  static constexpr uint16_t used_most = 128;
  static_assert(policy_limits::groups <= 1 << 12);

  struct Cell {
    uint32_t pair = 0;
    uint16_t first = nothing, pad = 0;
  };
  static uint32_t pair_of(uint16_t row, uint16_t column) { return uint32_t{row} << 12 | column; }
  /** Where a pair's cell is, or would be. */
  [[nodiscard]] size_t slot(uint16_t row, uint16_t column) const {
    const uint32_t pair = pair_of(row, column);
    size_t at = pair * 0x9e37'79b1u >> cells_shift_;
    while (cells_[at].pair != pair && cells_[at].first != nothing) at = (at + 1) & (cells_.size() - 1);
    return at;
  }
  void make_cells(std::span<const CompiledRule> rules);
  void put(const CompiledRule& rule, uint16_t index);

  std::vector<uint16_t> rows_, columns_;  // of each group
  size_t width_ = 0;                      // columns
  std::vector<uint16_t> wide_;            // the most used rows: all columns
  std::vector<uint16_t> narrow_;          // all rows: the most used columns
  std::vector<Cell> cells_;               // the rest, with open addressing, at most a quarter full
  int cells_shift_ = 31;
};

}  // namespace vmoat
