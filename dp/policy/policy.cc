#include "policy/policy.h"

#include <algorithm>

#include "policy/plan_draft.h"

namespace vmoat {

/** The broadcast address of a subnet is told by `ends`: only the topology knows subnets. */
Policy::Reach Policy::reach_of(const AddressKey& key) {
  if (key.family == 6) return key.bytes[0] == 0xff ? to_many : to_one;
  constexpr std::array<uint8_t, 4> broadcast = {255, 255, 255, 255};
  if (std::equal(broadcast.begin(), broadcast.end(), &key.bytes[12])) return to_all;
  return (key.bytes[12] & 0xf0) == 0xe0 ? to_many : to_one;
}

Policy::Policy(std::shared_ptr<IdentityTable> identities)
    : identities_(std::move(identities)),
      groups_((identities_max + 1) * sizeof(GroupsCell)),
      cards_((identities_max + 1) * sizeof(CardCell)) {}

Policy::~Policy() {
  for (const auto& [groups, identity] : given_) identities_->give_back(identity);
  for (const uint32_t number : group_numbers_) identities_->give_back_group(number);
}

Identity Policy::nic(std::string_view tap) const {
  const auto found = nics_.find(tap);
  return found == nics_.end() ? unknown_ : found->second.identity;
}

const KnownNic* Policy::known_nic(std::string_view tap) const {
  const auto found = nics_.find(tap);
  return found == nics_.end() ? nullptr : &found->second;
}

bool Policy::protects() const {
  return std::ranges::count(modes_, Mode::protect) > 0;
}

Identity Policy::end(uint32_t segment, const Address& address,
                     std::span<const std::string_view> names) const {
  const EndKey key{segment, AddressKey::of(address)};
  const auto exact = std::lower_bound(ends_.begin(), ends_.end(), key,
                                      [](const auto& a, const EndKey& b) { return a.first < b; });
  if (exact != ends_.end() && exact->first == key) return exact->second;
  const uint32_t set = addresses_.set_covering(address);
  std::vector<uint32_t> groups;
  for (const std::string_view name : names) names_.append_groups(name, groups);
  if (groups.empty()) return by_address(key.address, set);
  append_address_groups(key.address, set, groups);
  const Identity identity = of(std::move(groups));
  return identity != 0 ? identity : by_address(key.address, set);
}

void Policy::append_address_groups(const AddressKey& key, uint32_t set, std::vector<uint32_t>& groups) const {
  groups.push_back(group_any);
  if (const uint32_t own = reach_groups_[reach_of(key)]; own != group_none) groups.push_back(own);
  const auto covering = addresses_.groups_of(set);
  groups.insert(groups.end(), covering.begin(), covering.end());
}

Identity Policy::by_address(const AddressKey& key, uint32_t set) const {
  std::atomic<Identity>& known = by_address_[set][reach_of(key)];
  if (const Identity identity = known.load(std::memory_order_acquire); identity != 0) return identity;
  std::vector<uint32_t> groups;
  append_address_groups(key, set, groups);
  const Identity identity = of(std::move(groups));
  known.store(identity, std::memory_order_release);
  return identity;
}

Identity Policy::of(std::vector<uint32_t> groups) const {
  std::erase_if(groups, [&](uint32_t group) { return group >= modes_.size(); });
  std::sort(groups.begin(), groups.end());
  groups.erase(std::unique(groups.begin(), groups.end()), groups.end());
  const std::lock_guard lock(mutex_);
  if (const auto found = given_.find(groups); found != given_.end()) return found->second;
  std::vector<uint32_t> numbers;
  numbers.reserve(groups.size());
  for (const uint32_t group : groups) numbers.push_back(group_numbers_[group]);
  std::sort(numbers.begin(), numbers.end());
  const Identity identity = identities_->take(numbers);
  if (identity == 0) return 0;
  auto entry = std::make_unique<IdentityGroups>();
  entry->mode = strictest(groups, entry->mode_group);
  for (const uint32_t group : groups) entry->protection.add(protections_[group]);
  entry->groups = groups;
  fill(identity, *entry);
  storage_.push_back(std::move(entry));
  given_.emplace(std::move(groups), identity);
  return identity;
}

Mode Policy::strictest(std::span<const uint32_t> groups, uint32_t& bearer) const {
  Mode mode = Mode::none;
  for (const uint32_t group : groups)
    if (modes_[group] > mode) mode = modes_[group], bearer = group;
  return mode;
}

void Policy::fill(Identity identity, IdentityGroups& of) const {
  for (const uint32_t group : of.groups) {
    if (pairs_.row(group) != GroupPairs::nothing) of.rows.push_back(pairs_.row(group));
    if (pairs_.column(group) != GroupPairs::nothing) of.columns.push_back(pairs_.column(group));
  }
  const auto kind = [](auto& kinds, const std::vector<uint16_t>& places) {
    return kinds.try_emplace(places, static_cast<uint16_t>(kinds.size())).first->second;
  };
  const Card card{kind(from_kinds_, of.rows), kind(to_kinds_, of.columns), of.mode, true};
  groups()[identity].store(&of, std::memory_order_release);
  cards()[identity].store(std::bit_cast<uint64_t>(card), std::memory_order_release);
}

/** With few branches, since nothing foretells them. */
inline Found Policy::meet(const PlanLeaf& leaf, const Wanted& wanted) const {
  const auto rule = [&](uint32_t ranges) {
    const uint32_t first = leaf.rule[std::countr_zero(ranges | 1u << (PlanLeaf::ranges_max - 1))];
    return ranges != 0 ? RuleIndex{first} : no_rule;
  };
  const PlanLeaf::Bits bits = leaf.bits(static_cast<uint16_t>(wanted.service), tag_of(wanted.application));
  uint32_t deciding = bits.having & bits.sure;
  uint32_t before = bits.having & ~bits.sure & ((deciding & -deciding) - 1);
  for (uint32_t asked = wanted.application != 0 ? before & bits.alike : 0; asked != 0; asked &= asked - 1) {
    if (!rule_sets_.conditions().matches(rule(asked), wanted)) continue;
    deciding = asked & -asked;
    before &= deciding - 1;
    break;
  }
  const uint32_t maybe = wanted.open ? before : 0;
  return {rule(deciding), rule(maybe & ~bits.denying), rule(maybe & bits.denying)};
}

Found Policy::look(PlanCell* cell, Identity from, Identity to, const Wanted& wanted) const {
  if (cell == nullptr) return look_by_groups(from, to, wanted);
  for (uint32_t bits = 16;; bits -= Plans::fan_bits) {
    const Service part = wanted.service >> bits;
    PlanNode node(cell->load(std::memory_order_acquire));
    if (node.kind() == PlanNode::unknown)
      node = grow(*cell, from, to, {part << bits, ((part + 1) << bits) - 1});
    if (node.kind() == PlanNode::leaf) return meet(plans_.leaf(node), wanted);
    if (node.kind() == PlanNode::crowded) return look_by_groups(from, to, wanted);
    cell = &plans_.part(node, wanted.service >> (bits - Plans::fan_bits) & ((1 << Plans::fan_bits) - 1));
  }
}

PlanNode Policy::grow(PlanCell& cell, Identity from, Identity to, ServiceRange range) const {
  PlanDraft draft(rule_sets_, range);
  for (const uint16_t row : groups_of(from)->rows)
    for (const uint16_t column : groups_of(to)->columns) {
      const uint16_t first = pairs_.first(row, column);
      if (first != GroupPairs::nothing && !draft.add(first)) return plans_.keep_crowded(cell);
    }
  if (const auto leaf = draft.leaf()) return plans_.keep(cell, *leaf);
  return range.first == range.last ? plans_.keep_crowded(cell) : plans_.keep_fan(cell);
}

/** Whatever no plan has. */
Found Policy::look_by_groups(Identity from, Identity to, const Wanted& wanted) const {
  Found found;
  for (const uint16_t row : groups_of(from)->rows)
    for (const uint16_t column : groups_of(to)->columns) {
      const uint16_t first = pairs_.first(row, column);
      if (first != GroupPairs::nothing && first < found.matching) rule_sets_.look(first, wanted, found);
    }
  return found;
}

size_t Policy::identities() const {
  const std::lock_guard lock(mutex_);
  return given_.size();
}

}  // namespace vmoat
