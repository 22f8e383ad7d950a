// Policy: rules and groups of one generation, compiled. Immutable but for identities, which are added as new
// sets of groups are met; any number of threads may use it, and take no lock where the identity is known.
#pragma once

#include <array>
#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/region.h"
#include "base/result.h"
#include "policy/address_groups.h"
#include "policy/group_pairs.h"
#include "policy/identity.h"
#include "policy/name_groups.h"
#include "policy/rule_set.h"
#include "policy/tables.h"

namespace vmoat {

/** The number of an application by its name, 0 where there is none: policy does not know applications itself.
 */
using ApplicationNumber = std::function<uint16_t(std::string_view)>;

/** What an identity stands for within one policy. */
struct IdentityGroups {
  std::vector<uint32_t> groups;  // index, ascending
  Mode mode = Mode::none;        // the strictest of theirs
  uint32_t mode_group = 0;       // the first that bears it, where mode is not none
  std::vector<uint16_t> places;  // where there are too many of them for its Card
};

/** What a verdict needs of an identity, in one cache line. */
struct alignas(64) Card {
  std::atomic<const IdentityGroups*> groups{nullptr};  // null: the policy did not give it out
  Mode mode = Mode::none;
  uint16_t rows = 0, columns = 0;  // how many
  std::array<uint16_t, 25>
      places{};  // in GroupPairs, of the groups that rules name: its rows, then its columns

  [[nodiscard]] std::span<const uint16_t> all() const {
    const size_t count = size_t{rows} + columns;
    if (count <= places.size()) return std::span(places).first(count);
    return groups.load(std::memory_order_relaxed)->places;
  }
};
static_assert(sizeof(Card) == 64);

/** What a rule makes of the flows it matches. */
struct Outcome {
  uint32_t rule = 0;  // its number
  Verdict action = Verdict::none;
};

class Policy {
 public:
  /** Numbers of sets that `identities` knows stay. An error begins with the field: `rules[3].ports[0]: …`. */
  static Result<std::shared_ptr<const Policy>> compile(const PolicyTables& tables,
                                                       const ApplicationNumber& application,
                                                       std::shared_ptr<IdentityTable> identities);
  ~Policy();
  Policy(const Policy&) = delete;
  Policy& operator=(const Policy&) = delete;

  [[nodiscard]] uint64_t generation() const { return generation_; }

  /** Of a NIC of this host by its tap; one that hostd did not name has the groups of `unknown`. */
  [[nodiscard]] Identity nic(std::string_view tap) const;
  /**
   * Of an end that is no NIC: as `ends` has it, else external, with the groups that cover the address or one
   * of whose patterns matches one of `names`; multicast and broadcast addresses are that instead of external.
   */
  [[nodiscard]] Identity end(uint32_t segment, const Address& address,
                             std::span<const std::string_view> names = {}) const;
  /** Of these groups, in any order; an index that is none is left out. When all numbers are in use: 0. */
  [[nodiscard]] Identity of(std::vector<uint32_t> groups) const;

  /** Null for 0 and for whatever this policy did not give out. */
  [[nodiscard]] const IdentityGroups* groups_of(Identity identity) const {
    return identity <= identities_max ? card(identity).groups.load(std::memory_order_acquire) : nullptr;
  }
  /** Likewise. */
  [[nodiscard]] const Card* known(Identity identity) const {
    return groups_of(identity) ? &card(identity) : nullptr;
  }
  /** Puts the first rules for a flow from the one to the other into `found`. */
  void look(const Card& from, const Card& to, const Wanted& wanted, Found& found) const;
  void prefetch(Identity from, Identity to) const {
    __builtin_prefetch(&card(from & identities_max));
    __builtin_prefetch(&card(to & identities_max));
  }

  [[nodiscard]] std::span<const CompiledRule> rules() const { return rules_; }
  [[nodiscard]] const Outcome& outcome(RuleIndex rule) const { return outcomes_[rule]; }
  [[nodiscard]] bool has_names() const { return !names_.empty(); }
  /** Identities that this policy gave out. */
  [[nodiscard]] size_t identities() const;

 private:
  friend class PolicyCompiler;
  struct EndKey {
    uint32_t segment;
    AddressKey address;
    auto operator<=>(const EndKey&) const = default;
  };

  static constexpr uint32_t group_none = policy_limits::groups;
  /** Whom an address means that is nobody's. */
  enum Reach : uint8_t { to_one, to_many, to_all };
  static Reach reach_of(const AddressKey& key);

  explicit Policy(std::shared_ptr<IdentityTable> identities);
  [[nodiscard]] Card& card(Identity identity) const {
    return reinterpret_cast<Card*>(cards_.data())[identity];
  }
  void fill(Card& card, IdentityGroups& groups) const;
  [[nodiscard]] Identity by_address(const AddressKey& key, uint32_t set) const;
  void append_address_groups(const AddressKey& key, uint32_t set, std::vector<uint32_t>& groups) const;
  [[nodiscard]] Mode strictest(std::span<const uint32_t> groups, uint32_t& bearer) const;

  uint64_t generation_ = 0;
  std::vector<Mode> modes_;  // of each group
  std::vector<CompiledRule> rules_;
  std::vector<Outcome> outcomes_;  // of each rule
  RuleSets rule_sets_;
  GroupPairs pairs_;
  AddressGroups addresses_;
  NameGroups names_;
  std::map<std::string, Identity, std::less<>> nics_;
  Identity unknown_ = 0;
  std::vector<std::pair<EndKey, Identity>> ends_;  // ascending

  std::shared_ptr<IdentityTable> identities_;
  std::vector<uint32_t> group_numbers_;  // in identities_, of each group
  mutable std::mutex mutex_;             // held to give an identity out
  mutable std::map<std::vector<uint32_t>, Identity> given_;
  mutable std::vector<std::unique_ptr<const IdentityGroups>> storage_;
  std::array<uint32_t, 3> reach_groups_{group_external, group_none, group_none};  // by Reach
  Region cards_;                                                                  // by identity
  // By set of address groups and Reach; 0 = not met yet.
  mutable std::vector<std::array<std::atomic<Identity>, 3>> by_address_;
};

}  // namespace vmoat
