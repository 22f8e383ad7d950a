#include "fuzz/policy_input.h"

#include <algorithm>
#include <cstdlib>
#include <string>

#include "policy/explain.h"

namespace vmoat {
namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

uint16_t application_number(std::string_view name) {
  return name.size() == 1 && name[0] >= 'a' && name[0] <= 'z' ? static_cast<uint16_t>(name[0] - 'a' + 1) : 0;
}

uint8_t byte_of(std::string_view line, size_t at) {
  return at < line.size() ? static_cast<uint8_t>(line[at]) : uint8_t{0};
}

void read_line(std::string_view line, PolicyTables& tables) {
  const std::string rest(line.substr(1));
  const auto groups = static_cast<uint32_t>(tables.groups.size());
  const auto rules = static_cast<uint32_t>(tables.rules.size());
  if (line[0] == 'a') tables.groups.back().addresses.push_back(rest);
  if (line[0] == 'n') tables.groups.back().fqdn.push_back(rest);
  if (line[0] == 'g')
    tables.groups.push_back(
        {.name = "g" + std::to_string(groups), .mode = static_cast<Mode>(byte_of(line, 1) % 4)});
  if (line[0] == 'r')
    tables.rules.push_back({.number = rules + 1,
                            .id = "r",
                            .from = byte_of(line, 1) % groups,
                            .to = byte_of(line, 2) % groups,
                            .action = byte_of(line, 3) % 2 ? Verdict::deny : Verdict::allow});
  if (line[0] == 'p' && rules > 0) tables.rules.back().ports.push_back(rest);
  if (line[0] == 'l' && rules > 0) tables.rules.back().applications.push_back(rest);
  if (line[0] == 'e') tables.ends.push_back({.segment = 1, .address = rest, .groups = {groups - 1}});
}

PolicyTables read_tables(std::string_view text) {
  PolicyTables tables;
  for (const char* name : {"any", "host", "external", "multicast", "broadcast"})
    tables.groups.push_back({.name = name});
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    if (end > 0) read_line(text.substr(0, end), tables);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return tables;
}

Identity read_end(ByteReader& in, const Policy& policy) {
  const uint8_t kind = in.u8();
  if (kind < 128) return policy.of({kind % 3u, kind % 7u, kind % 11u});
  const Bytes address = in.bytes(16);
  const std::string_view name = in.text(std::min<size_t>(kind - 128, in.left()));
  return in.ok() ? policy.end(1, Address::v6(address.data()), std::span(&name, 1)) : Identity{0};
}

Question read_question(ByteReader& in, const Policy& policy) {
  Question q;
  q.from = read_end(in, policy);
  q.to = read_end(in, policy);
  q.proto = in.u8();
  q.port = in.be16();
  q.client_port = in.be16();
  const uint8_t flags = in.u8();
  q.confidence = static_cast<Confidence>(flags % 4 % 3);
  q.application_final = (flags & 4) != 0;
  q.direction_inferred = (flags & 8) != 0;
  q.application_by_port = (flags & 16) != 0;
  for (uint16_t& layer : q.layers) layer = in.u8() % 8;
  return q;
}

void check(const Evidence& evidence) {
  const Match last = evidence.rules.empty() ? Match::port : evidence.rules.back().match;
  const bool matched = last == Match::matched || last == Match::by_port;
  const bool open = std::any_of(evidence.rules.begin(), evidence.rules.end(),
                                [](const RuleEvidence& rule) { return rule.match == Match::maybe; });
  require(open == !evidence.decision.final);
  require(open || matched == (evidence.decision.decided_by == DecidedBy::rule));
  require(open || !matched || evidence.rules.back().number == evidence.decision.rule);
}

}  // namespace

void run_policy(Bytes input) {
  const std::string_view text = as_text(input);
  const size_t end = std::min(text.find('\0'), text.size());
  auto policy = Policy::compile(read_tables(text.substr(0, end)), application_number,
                                std::make_shared<IdentityTable>());
  if (!policy) return require(policy.error().what.find(": ") != std::string::npos);
  Evaluator evaluator(*policy);
  for (ByteReader in(input.subspan(std::min(end + 1, input.size()))); in.left() > 0;)
    check(explain(evaluator, read_question(in, **policy)));
}

}  // namespace vmoat
