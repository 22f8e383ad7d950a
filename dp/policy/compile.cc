// PolicyCompiler: tables to a Policy, field by field. The first thing that is wrong ends it, and is named.
#include <algorithm>
#include <set>
#include <unordered_set>

#include "policy/policy.h"

namespace vmoat {

namespace {

std::string item(std::string_view list, size_t index) {
  return std::string(list) + "[" + std::to_string(index) + "]";
}

Error too_many(std::string_view field, size_t most) {
  return {std::string(field) + ": more than " + std::to_string(most)};
}

Status check_text(const std::string& text, const std::string& field) {
  if (text.empty()) return Error{field + ": is empty"};
  if (text.size() > policy_limits::text_bytes)
    return Error{field + ": longer than " + std::to_string(policy_limits::text_bytes) + " bytes"};
  return success();
}

}  // namespace

class PolicyCompiler {
 public:
  PolicyCompiler(const PolicyTables& tables, const ApplicationNumber& application,
                 std::shared_ptr<IdentityTable> identities, const ReadToItsEnd& read_to_its_end)
      : tables_(tables),
        application_(application),
        read_to_its_end_(read_to_its_end),
        policy_(new Policy(std::move(identities))) {}

  Result<std::shared_ptr<const Policy>> run() {
    policy_->generation_ = tables_.generation;
    for (const auto step :
         {&PolicyCompiler::check_sizes, &PolicyCompiler::read_groups, &PolicyCompiler::read_addresses,
          &PolicyCompiler::read_names, &PolicyCompiler::read_rules, &PolicyCompiler::arrange_rules,
          &PolicyCompiler::read_nics, &PolicyCompiler::read_ends})
      if (Status status = (this->*step)(); !status) return std::move(status.error());
    return std::shared_ptr<const Policy>(std::move(policy_));
  }

 private:
  Status check_sizes() {
    if (tables_.groups.size() > policy_limits::groups) return too_many("groups", policy_limits::groups);
    if (tables_.nics.size() > policy_limits::nics) return too_many("nics", policy_limits::nics);
    if (tables_.ends.size() > policy_limits::ends) return too_many("ends", policy_limits::ends);
    return success();
  }

  Status read_groups() {
    constexpr const char* built_in[] = {"any", "host", "external"};
    std::set<std::string_view> names;
    for (size_t i = 0; i < std::max(tables_.groups.size(), std::size(built_in)); i++) {
      const std::string field = item("groups", i) + ".name";
      if (i < std::size(built_in) && (i >= tables_.groups.size() || tables_.groups[i].name != built_in[i]))
        return Error{field + ": must be " + built_in[i]};
      const PolicyGroup& group = tables_.groups[i];
      if (Status status = check_text(group.name, field); !status) return status;
      if (!names.insert(group.name).second)
        return Error{field + ": there is a group " + group.name + " already"};
      const uint32_t number = policy_->identities_->take_group(group.name);
      if (number == 0) return Error{field + ": too many groups are in use by former policies"};
      policy_->group_numbers_.push_back(number);
      policy_->modes_.push_back(group.mode);
      Result<GroupProtection> protection = read_protection(group);
      if (!protection) return std::move(protection.error()).in(item("groups", i) + ".protect");
      policy_->protections_.push_back(std::move(*protection));
      if (group.name == group_multicast) policy_->reach_groups_[Policy::to_many] = static_cast<uint32_t>(i);
      if (group.name == group_broadcast) policy_->reach_groups_[Policy::to_all] = static_cast<uint32_t>(i);
    }
    return success();
  }

  Status read_addresses() {
    std::vector<AddressGroups::Entry> entries;
    for (uint32_t i = 0; i < tables_.groups.size(); i++) {
      const std::vector<std::string>& texts = tables_.groups[i].addresses;
      for (uint32_t j = 0; j < texts.size(); j++) {
        const std::string field = item("groups", i) + "." + item("addresses", j);
        Result<AddressRange> range = read_address_range(texts[j]);
        if (!range) return std::move(range.error()).in(field);
        if (entries.size() == policy_limits::addresses) return too_many(field, policy_limits::addresses);
        entries.push_back({*range, i, j});
      }
    }
    Result<AddressGroups> made = AddressGroups::make(entries);
    if (!made) return std::move(made.error());
    policy_->addresses_ = std::move(*made);
    policy_->by_address_ = decltype(policy_->by_address_)(policy_->addresses_.sets());
    return success();
  }

  Status read_names() {
    size_t count = 0;
    for (uint32_t i = 0; i < tables_.groups.size(); i++) {
      const std::vector<std::string>& patterns = tables_.groups[i].fqdn;
      for (size_t j = 0; j < patterns.size(); j++) {
        const std::string field = item("groups", i) + "." + item("fqdn", j);
        if (count++ == policy_limits::addresses) return too_many(field, policy_limits::addresses);
        if (Status status = policy_->names_.add(patterns[j], i); !status)
          return std::move(status.error()).in(field);
      }
    }
    return success();
  }

  Status read_rules() {
    std::unordered_set<uint32_t> numbers;
    for (size_t i = 0; i < tables_.rules.size(); i++) {
      const PolicyRule& rule = tables_.rules[i];
      const std::string field = item("rules", i);
      if (++rules_[rule.learned] > policy_limits::rules)
        return too_many(field + (rule.learned ? ": learned ones" : ": ones of operators"),
                        policy_limits::rules);
      if (!rule.learned && rules_[true] > 0)
        return Error{field + ".learned: no other rule stands behind a learned one"};
      if (rule.number == 0) return Error{field + ".number: is 0"};
      if (!numbers.insert(rule.number).second) return Error{field + ".number: another rule has it"};
      if (Status status = check_text(rule.id, field + ".id"); !status) return status;
      if (Status status = read_rule(rule, field); !status) return status;
    }
    return success();
  }

  Status read_rule(const PolicyRule& rule, const std::string& field) {
    CompiledRule compiled{.number = rule.number, .from = rule.from, .to = rule.to, .action = rule.action};
    if (rule.from >= tables_.groups.size()) return Error{field + ".from: there is no such group"};
    if (rule.to >= tables_.groups.size()) return Error{field + ".to: there is no such group"};
    if (rule.action == Verdict::none) return Error{field + ".action: is neither allow nor deny"};
    if (Status status = read_services(rule, field, compiled); !status) return status;
    if (Status status = read_applications(rule, field, compiled); !status) return status;
    placements_ += compiled.services.size() * std::max<size_t>(compiled.applications.size(), 1);
    if (placements_ > policy_limits::placements)
      return too_many(field + ".ports: pairs of port and application in all rules",
                      policy_limits::placements);
    if (Status status = check_continuous(rule, field); !status) return status;
    policy_->outcomes_.push_back({rule.number, rule.action, rule.continuous});
    policy_->rules_.push_back(std::move(compiled));
    return success();
  }

  /** Each of its applications has to be one that somebody reads to its end. */
  Status check_continuous(const PolicyRule& rule, const std::string& field) {
    if (!rule.continuous) return success();
    policy_->continuous_ = (policy_->continuous_ ^ rule.number) * 0x9e3779b97f4a7c15 | 1;
    const std::string at = field + ".continuous";
    if (rule.action != Verdict::allow || rule.applications.empty())
      return Error{at + ": only a rule that allows applications can be"};
    for (const std::string& name : rule.applications)
      if (!read_to_its_end_ || !read_to_its_end_(name.substr(0, name.find('/'))))
        return Error{at + ": nothing reads " + name + " beyond its opening"};
    return success();
  }

  static Status read_services(const PolicyRule& rule, const std::string& field, CompiledRule& compiled) {
    if (rule.ports.size() > policy_limits::rule_entries)
      return too_many(field + ".ports", policy_limits::rule_entries);
    for (size_t i = 0; i < rule.ports.size(); i++) {
      Result<ServiceRange> range = read_service_range(rule.ports[i]);
      if (!range) return std::move(range.error()).in(field + "." + item("ports", i));
      compiled.services.push_back(*range);
    }
    if (rule.ports.empty()) compiled.services.emplace_back();
    return success();
  }

  Status read_applications(const PolicyRule& rule, const std::string& field, CompiledRule& compiled) {
    if (rule.applications.size() > policy_limits::rule_entries)
      return too_many(field + ".applications", policy_limits::rule_entries);
    for (size_t i = 0; i < rule.applications.size(); i++) {
      Result<ApplicationPath> path = read_path(rule.applications[i]);
      if (!path) return std::move(path.error()).in(field + "." + item("applications", i));
      compiled.applications.push_back(*path);
    }
    return success();
  }

  Result<ApplicationPath> read_path(std::string_view text) {
    ApplicationPath path = 0;
    for (int layer = 0;; layer++) {
      const size_t slash = text.find('/');
      const uint16_t number = application_(text.substr(0, slash));
      if (layer == 3) return Error{"has more than 3 layers"};
      if (number == 0) return Error{"names an application that is not known"};
      path |= ApplicationPath{number} << 16 * (2 - layer);
      if (slash == std::string_view::npos) return path;
      text.remove_prefix(slash + 1);
    }
  }

  /** The identity of a list of groups. */
  Result<Identity> identity_of(const std::vector<uint32_t>& groups, const std::string& field) {
    if (groups.size() > policy_limits::groups_per_end) return too_many(field, policy_limits::groups_per_end);
    for (size_t i = 0; i < groups.size(); i++)
      if (groups[i] >= tables_.groups.size()) return Error{item(field, i) + ": there is no such group"};
    const Identity identity = policy_->of(groups);
    if (identity == 0)
      return Error{field + ": more than " + std::to_string(identities_max) + " distinct sets of groups"};
    return identity;
  }

  static Status read_given(const std::vector<std::string>& texts, const std::string& field,
                           std::vector<Address>& into) {
    if (texts.size() > policy_limits::nic_addresses) return too_many(field, policy_limits::nic_addresses);
    for (size_t i = 0; i < texts.size(); i++) {
      const Result<AddressRange> range = read_address_range(texts[i]);
      if (!range.ok() || range->first != range->last) return Error{item(field, i) + ": is no address"};
      into.push_back(range->first.address());
    }
    return success();
  }

  Status read_nics() {
    for (size_t i = 0; i < tables_.nics.size(); i++) {
      const PolicyNic& nic = tables_.nics[i];
      const std::string field = item("nics", i);
      if (Status status = check_text(nic.tap, field + ".tap"); !status) return status;
      Result<Identity> identity = identity_of(nic.groups, field + ".groups");
      if (!identity) return std::move(identity.error());
      KnownNic known = {.identity = *identity, .mac = nic.mac, .configured = {}, .leased = {}};
      if (Status read = read_given(nic.configured, field + ".addresses", known.configured); !read)
        return read;
      if (Status read = read_given(nic.leased, field + ".addresses", known.leased); !read) return read;
      if (!policy_->nics_.emplace(nic.tap, std::move(known)).second)
        return Error{field + ".tap: another NIC has it"};
    }
    Result<Identity> unknown = identity_of(tables_.unknown, "unknown");
    if (!unknown) return std::move(unknown.error());
    policy_->unknown_ = *unknown;
    return success();
  }

  Status read_ends() {
    auto& ends = policy_->ends_;
    for (size_t i = 0; i < tables_.ends.size(); i++) {
      const PolicyEnd& end = tables_.ends[i];
      const std::string field = item("ends", i);
      const Result<AddressRange> address = read_address_range(end.address);
      if (!address.ok() || address->first != address->last) return Error{field + ".address: is no address"};
      Result<Identity> identity = identity_of(end.groups, field + ".groups");
      if (!identity) return std::move(identity.error());
      ends.push_back({{end.segment, address->first}, *identity});
    }
    std::sort(ends.begin(), ends.end());
    const auto twin = std::adjacent_find(ends.begin(), ends.end(),
                                         [](const auto& a, const auto& b) { return a.first == b.first; });
    if (twin != ends.end()) return Error{"ends: an address comes twice in one segment"};
    return success();
  }

  /** Sorts the rules by their ends; within a pair they stay in order. */
  Status arrange_rules() {
    const std::vector<CompiledRule>& rules = policy_->rules_;
    std::vector<RuleIndex> order(rules.size());
    for (RuleIndex i = 0; i < order.size(); i++) order[i] = i;
    const auto ends = [&](RuleIndex i) { return std::pair(rules[i].from, rules[i].to); };
    std::sort(order.begin(), order.end(),
              [&](RuleIndex a, RuleIndex b) { return std::pair(ends(a), a) < std::pair(ends(b), b); });
    policy_->pairs_ = GroupPairs(rules, tables_.groups.size());
    policy_->rule_sets_ = RuleSets(rules);
    for (size_t at = 0, behind = 0; at < order.size(); at = behind) {
      while (behind < order.size() && ends(order[behind]) == ends(order[at])) behind++;
      policy_->rule_sets_.add(rules, std::span(order).subspan(at, behind - at));
    }
    return success();
  }

  const PolicyTables& tables_;
  const ApplicationNumber& application_;
  const ReadToItsEnd& read_to_its_end_;
  std::unique_ptr<Policy> policy_;
  size_t rules_[2] = {0, 0};  // of operators, learned
  size_t placements_ = 0;
};

Result<std::shared_ptr<const Policy>> Policy::compile(const PolicyTables& tables,
                                                      const ApplicationNumber& application,
                                                      std::shared_ptr<IdentityTable> identities,
                                                      const ReadToItsEnd& read_to_its_end) {
  return PolicyCompiler(tables, application, std::move(identities), read_to_its_end).run();
}

}  // namespace vmoat
