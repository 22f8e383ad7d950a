#include "engine/verdicts.h"

#include <algorithm>
#include <string>

namespace vmoat {
namespace {

constexpr size_t names_max = 16;  // of one address: what more there are names no group

constexpr uint16_t judged_flags = client_is_high | direction_was_seen | was_picked_up | is_decided |
                                  is_shown | is_tunnel | is_sure | is_guess;

/** A channel that another flow announced, or an ICMP error about one: it goes with that flow. */
bool is_related(const Session& s, const Path& path) {
  return s.parent != 0 && path.tunnel[0].kind == TunnelKind::none;
}

}  // namespace

bool is_to_many(const Address& address) {
  const uint8_t* bytes = address.bytes();
  const Address v4 = Address::v4(bytes + 12);
  constexpr uint32_t broadcast = 0xffffffff;
  if (address != v4) return bytes[0] == 0xff;
  return (bytes[12] & 0xf0) == 0xe0 || std::memcmp(bytes + 12, &broadcast, sizeof broadcast) == 0;
}

void Verdicts::take(std::shared_ptr<const LivePolicy> policy) {
  const bool same = policy_ && policy && policy_->policy == policy->policy;
  if (!same) evaluator_ = policy ? std::make_unique<Evaluator>(policy->policy) : nullptr;
  policy_ = std::move(policy);
  if (!policy_) void_until_ = turn_;
  turn_++;
}

Verdicts::Seen Verdicts::seen_of(const Session& s, bool ends) {
  const uint16_t who_sent = s.key.proto() == IPPROTO_TCP ? 0 : sent_low | sent_high;
  Seen seen{.flags = static_cast<uint16_t>(s.flags & (judged_flags | who_sent))};
  std::copy_n(s.layers, 3, seen.layers);
  for (int end = 0; end < 2; end++)
    if (!is_to_many(end != 0 ? s.key.high : s.key.low)) seen.slot[end] = s.slot[end];
  if (ends) seen.flags = static_cast<uint16_t>((seen.flags | is_decided) & ~is_shown);
  return seen;
}

/** The first answer counts: the NIC that an end was met at, the one whose guest has its address, what the
 * address is. */
Identity Verdicts::identity(const Session& s, int end, uint16_t slot, const Path& path,
                            int64_t now_ns) const {
  if (slot != no_slot) return slot < policy_->nics.size() ? policy_->nics[slot] : policy_->policy->nic({});
  const Address& address = end != 0 ? s.key.high : s.key.low;
  if (own_ != nullptr && path.tunnel[0].kind == TunnelKind::none)
    if (const uint16_t owner = own_->owner(path.segment, address); owner != no_slot) return nic(owner);
  if (names_ == nullptr || !policy_->policy->has_names()) return policy_->policy->end(path.segment, address);
  std::vector<std::string> names;
  names_->of(path.segment, address, now_ns, [&](std::string_view name, uint16_t) {
    names.emplace_back(name);
    return names.size() == names_max;
  });
  const std::vector<std::string_view> views(names.begin(), names.end());
  return policy_->policy->end(path.segment, address, views);
}

bool Verdicts::is_older_than_tap(const Session& s) const {
  const std::vector<int64_t>& adopted_ns = policy_->adopted_ns;
  return s.has(was_picked_up) && std::any_of(s.slot, s.slot + 2, [&](uint16_t slot) {
           return slot < adopted_ns.size() && adopted_ns[slot] != 0 &&
                  s.first_ns < adopted_ns[slot] + adoption_ns;
         });
}

/** The end that the flow is asked about as its client. An answer that nobody asked for is no answer: where a
 * guard would let it pass, its sender is who began, whatever its ports and contents make of it. */
int Verdicts::asker(const Session& s) const {
  const int client = s.client(), server = 1 - client;
  const bool has_asked = s.has(client != 0 ? sent_high : sent_low) || s.packets[client] != 0;
  const bool only_answers = !has_asked && s.has(server != 0 ? sent_high : sent_low);
  return only_answers && s.key.proto() != IPPROTO_TCP && is_guarded(s) ? server : client;
}

Question Verdicts::question_of(const Session& s, const Judged& judged, const Seen& seen) const {
  const bool icmp = s.key.proto() == IPPROTO_ICMP || s.key.proto() == IPPROTO_ICMPV6;
  const int client = asker(s);
  const bool turn = client != 0 && !icmp;  // ICMP's id and type belong to no end
  Question q;
  q.from = judged.ends[client];
  q.to = judged.ends[1 - client];
  std::copy_n(seen.layers, 3, q.layers);
  q.port = turn ? s.key.low_port : s.key.high_port;
  q.client_port = icmp ? q.port : turn ? s.key.high_port : s.key.low_port;
  q.proto = s.key.proto();
  q.confidence = s.has(is_sure) ? Confidence::sure : s.has(is_guess) ? Confidence::guess : Confidence::none;
  q.application_final = (seen.flags & (is_decided | is_tunnel)) != 0 && (seen.flags & is_shown) == 0;
  q.direction_inferred = !s.has(direction_was_seen) && client == s.client();
  q.application_by_port = is_older_than_tap(s);
  return q;
}

/** What goes to a fail-safe port passes, whatever the rules say; not where the client's own group denies it.
 */
Decision Verdicts::with_fail_safe(Decision decision, const Question& q) const {
  const IdentityGroups* to = policy_->policy->groups_of(q.to);
  const bool is_its = decision.from_mode != Mode::protect && !q.direction_inferred;
  if (decision.verdict != Verdict::deny || to == nullptr || !is_its) return decision;
  const FailSafePort port = {q.proto, q.port};
  if (std::ranges::count(to->protection.fail_safe_ports, port) == 0) return decision;
  decision.verdict = Verdict::allow;
  decision.decided_by = DecidedBy::fail_policy;
  decision.rule = 0;
  return decision;
}

bool Verdicts::judge(uint32_t number, const Session& s, const Path& path, int64_t now_ns, bool ends) {
  return !is_related(s, path) && judge_alone(number, s, path, now_ns, ends);
}

bool Verdicts::judge_alone(uint32_t number, const Session& s, const Path& path, int64_t now_ns, bool ends) {
  Judged& judged = at(number);
  if (judged.turn <= void_until_) judged = {};
  const Seen seen = seen_of(s, ends);
  if (judged.turn == turn_ && judged.seen == seen) return false;
  for (int end = 0; end < 2; end++)
    if (judged.turn != turn_ || judged.seen.slot[end] != seen.slot[end])
      judged.ends[end] = identity(s, end, seen.slot[end], path, now_ns);
  const Question q = question_of(s, judged, seen);
  const Decision decision = with_fail_safe(evaluator_->evaluate(q), q);
  judged.turn = turn_;
  judged.seen = seen;
  return std::exchange(judged.decision, decision) != decision;
}

Decision Verdicts::to_all(uint32_t number, const Session& s, int end, const Path& path) const {
  constexpr uint8_t broadcast[4] = {255, 255, 255, 255};
  return with_end(number, s, end, policy_->policy->end(path.segment, Address::v4(broadcast)));
}

Decision Verdicts::by_address(uint32_t number, const Session& s, int end, const Path& path,
                              int64_t now_ns) const {
  return with_end(number, s, end, identity(s, end, no_slot, path, now_ns));
}

Decision Verdicts::with_end(uint32_t number, const Session& s, int end, Identity who) const {
  const Judged& judged = at(number);
  Question q = question_of(s, judged, judged.seen);
  (end == asker(s) ? q.from : q.to) = who;
  return evaluator_->evaluate(q);
}

const EndProtection& Verdicts::protection(uint16_t slot) const {
  static const EndProtection unsaid;
  const IdentityGroups* groups =
      slot < policy_->nics.size() ? policy_->policy->groups_of(policy_->nics[slot]) : nullptr;
  return groups != nullptr ? groups->protection : unsaid;
}

bool Verdicts::is_guarded(const Session& s) const {
  return policy_ && std::any_of(s.slot, s.slot + 2, [&](uint16_t slot) {
           return slot < policy_->facts.size() && policy_->facts[slot].guarded;
         });
}

Decision Verdicts::decision(uint32_t number) const {
  if (!active() || at(number).turn <= void_until_) return {};
  return at(number).decision;
}

std::optional<Verdicts::Foreseen> Verdicts::foreseen(uint32_t number, const Session& s) const {
  const Judged& judged = at(number);
  if (!s.has(direction_was_seen) || s.has(was_picked_up) || s.has(is_tunnel) || s.parent != 0)
    return std::nullopt;
  Question q = question_of(s, judged, judged.seen);
  std::fill_n(q.layers, 3, uint16_t{0});
  q.confidence = Confidence::none;
  q.application_final = false;
  const Decision d = evaluator_->evaluate(q);
  const bool by_rule = d.final && d.decided_by == DecidedBy::rule && !d.violation;
  const bool agreed = !d.final && (d.from_mode == Mode::protect || d.to_mode == Mode::protect);
  if (d.verdict == Verdict::none || d.continuous) return Foreseen{q, asker(s), VMOAT_OPENING};
  if (d.verdict == Verdict::allow && (by_rule || agreed)) return Foreseen{q, asker(s), VMOAT_ALLOW};
  return std::nullopt;
}

Identity Verdicts::nic(uint16_t slot) const {
  return policy_ && slot < policy_->nics.size() ? policy_->nics[slot] : 0;
}

Identity Verdicts::identity_by_address(uint32_t segment, const Address& address) const {
  return policy_ && !policy_->policy->has_names() ? policy_->policy->end(segment, address) : 0;
}

bool Verdicts::guards(uint16_t slot) const {
  return policy_ && slot < policy_->facts.size() && policy_->facts[slot].guarded;
}

uint16_t Verdicts::slot_of(uint32_t segment, const Mac& mac) const {
  if (!policy_) return no_slot;
  const auto is_its = [&](const NicFacts& nic) { return nic.segment == segment && nic.mac == mac; };
  const auto& facts = policy_->facts;
  const auto found = std::find_if(facts.begin(), facts.end(), is_its);
  const bool once = found != facts.end() && std::find_if(found + 1, facts.end(), is_its) == facts.end();
  return once ? static_cast<uint16_t>(found - facts.begin()) : no_slot;
}

OwnAddresses Verdicts::whose_addresses(uint16_t slot) const {
  const IdentityGroups* groups = guards(slot) ? policy_->policy->groups_of(nic(slot)) : nullptr;
  return groups != nullptr ? groups->protection.whose_addresses() : OwnAddresses::any;
}

void Verdicts::write(uint32_t number, FlowRecord& record) const {
  if (!active()) return;
  const Judged& judged = at(number);
  if (judged.turn <= void_until_) return;
  record.verdict = judged.decision.verdict;
  record.rule = judged.decision.rule;
  record.decided_by = judged.decision.decided_by;
  if (judged.decision.by_port && record.confidence == Confidence::none) record.confidence = Confidence::guess;
  if (judged.decision.violation) record.flags |= flow_violation;
}

}  // namespace vmoat
