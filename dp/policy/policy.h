// Policy: rules and groups of one generation, compiled. Immutable but for identities, which are added as new
// sets of groups are met, and for plans, which are made as flows are; any number of threads may use it, and
// take no lock where the identity is known and the plan made.
#pragma once

#include <array>
#include <atomic>
#include <bit>
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
#include "policy/plans.h"
#include "policy/protection.h"
#include "policy/rule_set.h"
#include "policy/tables.h"

namespace vmoat {

/** The number of an application by its name, 0 where there is none: policy does not know applications itself.
 */
using ApplicationNumber = std::function<uint16_t(std::string_view)>;
/** Whether an application of that name can be read to its end, which a continuous rule needs. */
using ReadToItsEnd = std::function<bool(std::string_view)>;

/** What an identity stands for within one policy. */
struct IdentityGroups {
  std::vector<uint32_t> groups;         // index, ascending
  Mode mode = Mode::none;               // the strictest of theirs
  uint32_t mode_group = 0;              // the first that bears it, where mode is not none
  EndProtection protection;             // of all of theirs together
  std::vector<uint16_t> rows, columns;  // in GroupPairs, of the groups that rules name
};

/** What the tables say of a NIC of this host. */
struct KnownNic {
  Identity identity = 0;
  std::string mac;  // the guest's; empty where nobody said
  std::vector<Address> configured, leased;
};

/** What a verdict needs of an identity. Ends are of one kind where the same groups of theirs are in rules. */
struct Card {
  uint16_t from_kind = 0, to_kind = 0;
  Mode mode = Mode::none;
  bool is_known = false;  // the policy gave it out
  uint16_t pad = 0;
};
static_assert(sizeof(Card) == sizeof(uint64_t));

/** What a rule makes of the flows it matches. */
struct Outcome {
  uint32_t rule = 0;  // its number
  Verdict action = Verdict::none;
  bool continuous = false;
};

class Policy {
 public:
  /** Numbers of sets that `identities` knows stay. An error begins with the field: `rules[3].ports[0]: …`. */
  static Result<std::shared_ptr<const Policy>> compile(const PolicyTables& tables,
                                                       const ApplicationNumber& application,
                                                       std::shared_ptr<IdentityTable> identities,
                                                       const ReadToItsEnd& read_to_its_end = {});
  ~Policy();
  Policy(const Policy&) = delete;
  Policy& operator=(const Policy&) = delete;

  [[nodiscard]] uint64_t generation() const { return generation_; }

  /** Of a NIC of this host by its tap; one that hostd did not name has the groups of `unknown`. */
  [[nodiscard]] Identity nic(std::string_view tap) const;
  /** Null for one that hostd did not name. */
  [[nodiscard]] const KnownNic* known_nic(std::string_view tap) const;
  /** Whether any group is in protect. */
  [[nodiscard]] bool protects() const;
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
    return identity <= identities_max ? groups()[identity].load(std::memory_order_acquire) : nullptr;
  }
  [[nodiscard]] Card card(Identity identity) const {
    return identity <= identities_max ? std::bit_cast<Card>(cards()[identity].load(std::memory_order_acquire))
                                      : Card{};
  }
  /** Where the plan for flows from the one to the other stands. */
  [[nodiscard]] PlanCell* cell(Identity from, Identity to, uint8_t proto) const {
    return plans_.cell(proto, card(from).from_kind, card(to).to_kind);
  }
  /** The first rules for a flow between two known ends whose plan stands there. */
  [[nodiscard]] Found look(PlanCell* cell, Identity from, Identity to, const Wanted& wanted) const;
  [[nodiscard]] const Plans& plans() const { return plans_; }

  [[nodiscard]] std::span<const CompiledRule> rules() const { return rules_; }
  [[nodiscard]] const Outcome& outcome(RuleIndex rule) const { return outcomes_[rule]; }
  [[nodiscard]] bool has_names() const { return !names_.empty(); }
  /** Says which rules are continuous, 0 = none. */
  [[nodiscard]] uint64_t continuous() const { return continuous_; }
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
  using GroupsCell = std::atomic<const IdentityGroups*>;
  [[nodiscard]] GroupsCell* groups() const { return reinterpret_cast<GroupsCell*>(groups_.data()); }
  using CardCell = std::atomic<uint64_t>;
  [[nodiscard]] CardCell* cards() const { return reinterpret_cast<CardCell*>(cards_.data()); }
  void fill(Identity identity, IdentityGroups& groups) const;
  PlanNode grow(PlanCell& cell, Identity from, Identity to, ServiceRange range) const;
  [[nodiscard]] Found meet(const PlanLeaf& leaf, const Wanted& wanted) const;
  [[nodiscard]] Found look_by_groups(Identity from, Identity to, const Wanted& wanted) const;
  [[nodiscard]] Identity by_address(const AddressKey& key, uint32_t set) const;
  void append_address_groups(const AddressKey& key, uint32_t set, std::vector<uint32_t>& groups) const;
  [[nodiscard]] Mode strictest(std::span<const uint32_t> groups, uint32_t& bearer) const;

  uint64_t generation_ = 0;
  uint64_t continuous_ = 0;
  std::vector<Mode> modes_;  // of each group
  std::vector<GroupProtection> protections_;
  std::vector<CompiledRule> rules_;
  std::vector<Outcome> outcomes_;  // of each rule
  RuleSets rule_sets_;
  GroupPairs pairs_;
  AddressGroups addresses_;
  NameGroups names_;
  std::map<std::string, KnownNic, std::less<>> nics_;
  Identity unknown_ = 0;
  std::vector<std::pair<EndKey, Identity>> ends_;  // ascending

  std::shared_ptr<IdentityTable> identities_;
  std::vector<uint32_t> group_numbers_;  // in identities_, of each group
  mutable std::mutex mutex_;             // held to give an identity out
  mutable std::map<std::vector<uint32_t>, Identity> given_;
  mutable std::vector<std::unique_ptr<const IdentityGroups>> storage_;
  std::array<uint32_t, 3> reach_groups_{group_external, group_none, group_none};  // by Reach
  Region groups_, cards_;                                                         // by identity
  // Lists of rows met, and of columns; each list's place is the kind of those ends.
  mutable std::map<std::vector<uint16_t>, uint16_t> from_kinds_, to_kinds_;
  mutable Plans plans_;
  // By set of address groups and Reach; 0 = not met yet.
  mutable std::vector<std::array<std::atomic<Identity>, 3>> by_address_;
};

}  // namespace vmoat
