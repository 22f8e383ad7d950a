#include "policy/policy.h"

#include <algorithm>

namespace vmoat {

/** The broadcast address of a subnet is told by `ends`: only the topology knows subnets. */
Policy::Reach Policy::reach_of(const AddressKey& key) {
  if (key.family == 6) return key.bytes[0] == 0xff ? to_many : to_one;
  constexpr std::array<uint8_t, 4> broadcast = {255, 255, 255, 255};
  if (std::equal(broadcast.begin(), broadcast.end(), &key.bytes[12])) return to_all;
  return (key.bytes[12] & 0xf0) == 0xe0 ? to_many : to_one;
}

Policy::Policy(std::shared_ptr<IdentityTable> identities)
    : identities_(std::move(identities)), cards_((identities_max + 1) * sizeof(Card)) {}

Policy::~Policy() {
  for (const auto& [groups, identity] : given_) identities_->give_back(identity);
  for (const uint32_t number : group_numbers_) identities_->give_back_group(number);
}

Identity Policy::nic(std::string_view tap) const {
  const auto found = nics_.find(tap);
  return found == nics_.end() ? unknown_ : found->second;
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
  entry->groups = groups;
  fill(card(identity), *entry);
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

void Policy::fill(Card& card, IdentityGroups& of) const {
  card.mode = of.mode;
  for (const uint32_t group : of.groups)
    if (pairs_.row(group) != GroupPairs::nothing) of.places.push_back(pairs_.row(group)), card.rows++;
  for (const uint32_t group : of.groups)
    if (pairs_.column(group) != GroupPairs::nothing)
      of.places.push_back(pairs_.column(group)), card.columns++;
  if (of.places.size() <= card.places.size())
    std::copy(of.places.begin(), of.places.end(), card.places.begin()), of.places = {};
  card.groups.store(&of, std::memory_order_release);
}

void Policy::look(const Card& from, const Card& to, const Wanted& wanted, Found& found) const {
  const auto columns = to.all().subspan(to.rows);
  std::array<uint16_t, 64> firsts;
  size_t count = 0;
  const auto look_at_these = [&] {
    for (size_t i = 0; i < count; i++) rule_sets_.prefetch(firsts[i]);
    for (size_t i = 0; i < count; i++)
      if (firsts[i] < found.matching) rule_sets_.look(firsts[i], wanted, found);
    count = 0;
  };
  for (const uint16_t row : from.all().first(from.rows))
    for (const uint16_t column : columns) {
      firsts[count] = pairs_.first(row, column);
      count += firsts[count] != GroupPairs::nothing;
      if (count == firsts.size()) look_at_these();
    }
  look_at_these();
}

size_t Policy::identities() const {
  const std::lock_guard lock(mutex_);
  return given_.size();
}

}  // namespace vmoat
