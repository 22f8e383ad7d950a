#include "policy/plans.h"

namespace vmoat {
namespace {

uint64_t hash_of(const PlanLeaf& leaf) {
  std::array<uint64_t, sizeof(PlanLeaf) / 8> words;
  std::memcpy(words.data(), &leaf, sizeof(leaf));
  uint64_t hash = 0;
  for (const uint64_t word : words) hash = (hash ^ word) * 0x9e37'79b9'7f4a'7c15u, hash ^= hash >> 32;
  return hash;
}

}  // namespace

void PlanLeaf::add(uint16_t first_port, uint16_t last_port, RuleIndex index, ApplicationTag tag,
                   bool denies) {
  tags[count] = static_cast<uint8_t>(tag | denies << 7);
  first[count] = first_port;
  last[count] = last_port;
  rule[count] = static_cast<uint16_t>(index);
  count++;
}

Plans::Plans(uint32_t lines)
    : most_(lines),
      cells_(size_t{4} * kinds_max * kinds_max * sizeof(PlanCell)),
      lines_(size_t{lines} * sizeof(PlanLeaf)) {}

template <class Make>
PlanNode Plans::keep_made(PlanCell& cell, Make make) {
  const std::lock_guard lock(mutex_);
  PlanNode node(cell.load(std::memory_order_relaxed));
  if (node.kind() != PlanNode::unknown) return node;
  node = make();
  cell.store(node.word(), std::memory_order_release);
  return node;
}

PlanNode Plans::keep(PlanCell& cell, const PlanLeaf& leaf) {
  return keep_made(cell, [&] {
    const uint32_t line = line_of(leaf);
    return line == no_line ? PlanNode(PlanNode::crowded) : PlanNode(PlanNode::leaf, line);
  });
}

PlanNode Plans::keep_fan(PlanCell& cell) {
  return keep_made(cell, [&] {
    const uint32_t line = new_line();
    return line == no_line ? PlanNode(PlanNode::crowded) : PlanNode(PlanNode::fan, line);
  });
}

PlanNode Plans::keep_crowded(PlanCell& cell) {
  return keep_made(cell, [] { return PlanNode(PlanNode::crowded); });
}

uint32_t Plans::new_line() {
  return used_ < most_ ? used_++ : no_line;
}

uint32_t Plans::line_of(const PlanLeaf& leaf) {
  if (2 * size_t{leaves_} >= index_.size()) grow_index();
  auto* lines = reinterpret_cast<PlanLeaf*>(lines_.data());
  size_t at = hash_of(leaf) & (index_.size() - 1);
  for (; index_[at] != 0; at = (at + 1) & (index_.size() - 1))
    if (lines[index_[at] - 1] == leaf) return index_[at] - 1;
  const uint32_t line = new_line();
  if (line == no_line) return no_line;
  lines[line] = leaf;
  index_[at] = line + 1;
  leaves_++;
  return line;
}

void Plans::grow_index() {
  std::vector<uint32_t> larger(index_.empty() ? 1024 : 2 * index_.size());
  for (const uint32_t entry : index_) {
    if (entry == 0) continue;
    size_t at = hash_of(reinterpret_cast<const PlanLeaf*>(lines_.data())[entry - 1]) & (larger.size() - 1);
    while (larger[at] != 0) at = (at + 1) & (larger.size() - 1);
    larger[at] = entry;
  }
  index_ = std::move(larger);
}

uint32_t Plans::lines() const {
  const std::lock_guard lock(mutex_);
  return used_;
}

}  // namespace vmoat
