// PolicyTables: what hostd sends, as dp/contract/policy.ts has it. Nothing in it is trusted: compile() checks
// all of it, and refuses whatever is beyond these bounds.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "contract/records.h"

namespace vmoat {

/** In order of strictness. */
enum class Mode : uint8_t { none, learn, monitor, protect };

/** In order of strictness: whose addresses a guest in protect may send under. */
enum class OwnAddresses : uint8_t { unsaid, any, learned, leased, configured };
enum class OtherFrames : uint8_t { unsaid, pass, drop };

/** GroupProtection of contract/policy.ts. */
struct PolicyProtection {
  std::vector<std::string> fail_safe_ports;
  OwnAddresses own_addresses = OwnAddresses::unsaid;
  bool may_serve_dhcp = false, may_route = false;
  OtherFrames other_frames = OtherFrames::unsaid;
  uint32_t opening_frames = 0, opening_bytes = 0;  // 0: unsaid

  bool operator==(const PolicyProtection&) const = default;
};

struct PolicyGroup {
  std::string name;
  Mode mode = Mode::none;
  bool fails_closed = false;
  std::vector<std::string> addresses = {};
  std::vector<std::string> fqdn = {};
  PolicyProtection protection = {};

  bool operator==(const PolicyGroup&) const = default;
};

struct PolicyRule {
  uint32_t number = 0;
  std::string id;
  uint32_t from = 0, to = 0;  // index in groups
  std::vector<std::string> applications;
  std::vector<std::string> ports;
  Verdict action = Verdict::none;
  bool learned = false;
  bool continuous = false;  // vouches for no more of a flow than was read of it

  bool operator==(const PolicyRule&) const = default;
};

struct PolicyNic {
  std::string tap;
  std::string mac;  // the guest's, "52:54:00:…"; empty where nobody said
  std::vector<uint32_t> groups;
  std::vector<std::string> configured = {}, leased = {};  // addresses

  bool operator==(const PolicyNic&) const = default;
};

struct PolicyEnd {
  uint32_t segment = 0;
  std::string address;
  std::vector<uint32_t> groups;

  bool operator==(const PolicyEnd&) const = default;
};

struct PolicyTables {
  uint64_t generation = 0;
  std::vector<PolicyGroup> groups;
  std::vector<PolicyRule> rules;
  std::vector<PolicyNic> nics;
  std::vector<uint32_t> unknown;
  std::vector<PolicyEnd> ends;

  /** Whatever the generation. */
  [[nodiscard]] bool says_the_same(const PolicyTables& other) const {
    return groups == other.groups && rules == other.rules && nics == other.nics && unknown == other.unknown &&
           ends == other.ends;
  }
};

/** The groups that every policy has, by index. */
constexpr uint32_t group_any = 0, group_host = 1, group_external = 2;
/** Built in where the tables have a group of that name; else such addresses are in `any` alone. */
constexpr const char *group_multicast = "multicast", *group_broadcast = "broadcast";

namespace policy_limits {
constexpr size_t groups = 4096;
constexpr size_t rules = 20'000;        // of operators, and as many learned ones
constexpr size_t rule_entries = 64;     // applications of one rule; likewise ports
constexpr size_t placements = 400'000;  // ports × applications, summed over all rules
constexpr size_t nics = 65'536;
constexpr size_t ends = 65'536;
constexpr size_t addresses = 65'536;    // of all groups together; likewise patterns of names
constexpr size_t groups_per_end = 64;   // that one NIC or end is given, and that cover one address
constexpr size_t fail_safe_ports = 16;  // of one group, and of one NIC
constexpr size_t nic_addresses = 256;   // of one NIC, by each source
constexpr size_t text_bytes = 255;      // of any name, id or pattern
}  // namespace policy_limits

}  // namespace vmoat
