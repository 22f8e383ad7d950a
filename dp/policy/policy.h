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
};

/** A set of rules that applies between two ends. */
struct AppliedSet {
  RuleIndex first = no_rule;  // of its rules
  uint32_t set = 0;           // index in Policy::rule_sets()
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
    return identity <= identities_max ? known(identity).load(std::memory_order_acquire) : nullptr;
  }
  /** Appends the sets of rules that apply from the one to the other, the one with the first rule first. */
  void append_rule_sets(const IdentityGroups& from, const IdentityGroups& to,
                        std::vector<AppliedSet>& sets) const;

  [[nodiscard]] std::span<const CompiledRule> rules() const { return rules_; }
  [[nodiscard]] std::span<const RuleSet> rule_sets() const { return rule_sets_; }
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
  /** Where the rules of a pair of groups are: a table with open addressing, at most half full. */
  struct Cell {
    uint32_t pair = 0;  // pair_of(from, to) + 1; 0 = empty
    AppliedSet applied;
  };
  static_assert(policy_limits::groups <= 1 << 12);
  static uint32_t pair_of(uint32_t from, uint32_t to) { return from << 12 | to; }

  static constexpr uint32_t group_none = policy_limits::groups;
  /** Whom an address means that is nobody's. */
  enum Reach : uint8_t { to_one, to_many, to_all };
  static Reach reach_of(const AddressKey& key);

  using KnownIdentity = std::atomic<const IdentityGroups*>;

  explicit Policy(std::shared_ptr<IdentityTable> identities);
  [[nodiscard]] KnownIdentity& known(Identity identity) const {
    return reinterpret_cast<KnownIdentity*>(known_.data())[identity];
  }
  [[nodiscard]] uint32_t home_of(uint32_t pair) const { return pair * 0x9e37'79b1u >> cells_shift_; }
  void place_rule_set(uint32_t from, uint32_t to, AppliedSet applied);
  [[nodiscard]] Identity by_address(const AddressKey& key, uint32_t set) const;
  void append_address_groups(const AddressKey& key, uint32_t set, std::vector<uint32_t>& groups) const;
  [[nodiscard]] Mode strictest(std::span<const uint32_t> groups, uint32_t& bearer) const;

  uint64_t generation_ = 0;
  std::vector<Mode> modes_;  // of each group
  std::vector<CompiledRule> rules_;
  std::vector<RuleSet> rule_sets_;
  std::vector<Cell> cells_;
  int cells_shift_ = 31;                  // cells_ has 2^(32 - this) places
  std::vector<uint8_t> is_from_, is_to_;  // of each group: 1 where a rule names it so
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
  Region known_;  // by identity: what it stands for, null where this policy did not give it out
  // By set of address groups and Reach; 0 = not met yet.
  mutable std::vector<std::array<std::atomic<Identity>, 3>> by_address_;
};

}  // namespace vmoat
