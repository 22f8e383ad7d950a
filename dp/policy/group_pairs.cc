#include "policy/group_pairs.h"

#include <algorithm>
#include <bit>

namespace vmoat {
namespace {

/** Numbers the groups that some rule names, those that most rules name first; returns how many. */
size_t number_by_use(const std::vector<uint32_t>& uses, std::vector<uint16_t>& numbers) {
  std::vector<uint32_t> groups;
  for (uint32_t group = 0; group < uses.size(); group++)
    if (uses[group] > 0) groups.push_back(group);
  std::sort(groups.begin(), groups.end(),
            [&](uint32_t a, uint32_t b) { return std::pair(uses[b], a) < std::pair(uses[a], b); });
  for (size_t i = 0; i < groups.size(); i++) numbers[groups[i]] = static_cast<uint16_t>(i);
  return groups.size();
}

}  // namespace

GroupPairs::GroupPairs(std::span<const CompiledRule> rules, size_t groups)
    : rows_(groups, nothing), columns_(groups, nothing) {
  std::vector<uint32_t> from(groups), to(groups);
  for (const CompiledRule& rule : rules) from[rule.from]++, to[rule.to]++;
  const size_t rows = number_by_use(from, rows_);
  width_ = number_by_use(to, columns_);
  wide_.assign(std::min<size_t>(rows, used_most) * width_, nothing);
  narrow_.assign(rows > used_most ? rows * used_most : 0, nothing);
  make_cells(rules);
  for (size_t i = rules.size(); i-- > 0;) put(rules[i], static_cast<uint16_t>(i));
}

void GroupPairs::make_cells(std::span<const CompiledRule> rules) {
  const auto left = static_cast<size_t>(std::count_if(rules.begin(), rules.end(), [&](const CompiledRule& r) {
    return rows_[r.from] >= used_most && columns_[r.to] >= used_most;
  }));
  cells_.resize(std::bit_ceil(4 * left + 2));
  cells_shift_ = std::countl_zero(static_cast<uint32_t>(cells_.size() - 1));
}

void GroupPairs::put(const CompiledRule& rule, uint16_t index) {
  const uint16_t row = rows_[rule.from], column = columns_[rule.to];
  if (row < used_most)
    wide_[size_t{row} * width_ + column] = index;
  else if (column < used_most)
    narrow_[size_t{row} * used_most + column] = index;
  else
    cells_[slot(row, column)] = {pair_of(row, column), index};
}

}  // namespace vmoat
