// Guards and enforcers, in an order that leaves no frame without a way.
#include "engine/protection.h"

#include <algorithm>
#include <chrono>
#include <thread>
#include <utility>

#include "base/clock.h"
#include "enforce/divert.h"
#include "engine/guards.h"
#include "engine/worker.h"

namespace vmoat {
namespace {

constexpr int put_back_tries = 400;  // twice the longest forward delay of STP, 30 s each
constexpr std::chrono::milliseconds put_back_pause{150};
/** A program that saw a guard on has held its frame so long after that went off. */
constexpr int64_t drain_ns = 50'000'000;
/** A worker that has not come to it by then is hung. */
constexpr int64_t drain_max_ns = ns_per_s;
constexpr int64_t drain_look_ns = 5'000'000;

}  // namespace

Result<std::unique_ptr<Protection>> Protection::open(const ProtectionParts& parts,
                                                     const ProtectionOptions& options) {
  auto enforcers = EnforcerSet::open(options.enforcers, parts.netlink);
  if (!enforcers) return std::move(enforcers.error());
  // what an earlier run diverted nobody reads any more: the guards' own choice, until we can
  for (uint32_t worker = 0; worker < VMOAT_WORKERS_MAX; worker++)
    if (Status off = parts.kernel.set_divert(worker, 0); !off) return std::move(off.error());
  if (!options.enforce)
    if (Status off = parts.kernel.clear_guards(); !off) return std::move(off.error());
  return std::unique_ptr<Protection>(new Protection(parts, options, std::move(*enforcers)));
}

Protection::Protection(const ProtectionParts& parts, ProtectionOptions options, EnforcerSet enforcers)
    : parts_(parts), options_(std::move(options)), enforcers_(std::move(enforcers)) {
  for (const uint32_t tap : enforcers_.taps()) guarded_[tap].stand_in = enforcers_.path(tap).stand_in;
}

Status Protection::put_back(Netlink& netlink, const EnforcerSetOptions& options) {
  if (!EnforcerSet::has_left(options.pin_root)) return success();
  auto enforcers = EnforcerSet::open(options, netlink);
  if (!enforcers) return std::move(enforcers.error());
  for (int i = 0; i < put_back_tries; i++) {
    while (enforcers->step({}, {})) {
    }
    if (!enforcers->waits()) break;
    std::this_thread::sleep_for(put_back_pause);
  }
  Status result = enforcers->remove_all();
  for (uint32_t worker = 0; worker < VMOAT_WORKERS_MAX; worker++)
    if (Status gone = Divert::remove(netlink, worker); !gone) result = std::move(gone);
  return result;
}

void Protection::report(Status status) {
  if (!status) parts_.log.log("error", status.error().what);
}

/** Once: the ways of held frames to the workers. */
Status Protection::divert(Workers workers) {
  for (const auto& worker : workers) {
    auto divert =
        Divert::open(parts_.netlink, worker->number(), enforcers_.wall(), options_.enforcers.reinjected);
    if (!divert) return std::move(divert.error());
    if (Status set = parts_.kernel.set_divert(worker->number(), divert->ifindex()); !set) return set;
    worker->divert(std::move(*divert));
  }
  diverts_ = true;
  return success();
}

Protection::Wanted Protection::wanted(const LivePolicy* policy, std::span<const EnforceableNic> nics) {
  Wanted wanted;
  unserved_.clear();
  if (!options_.enforce) return wanted;
  for (const EnforceableNic& nic : nics) {
    if (policy != nullptr && is_in_protect(*policy, nic.slot)) {
      want(wanted, *policy, nic);
    } else if (const auto known = guarded_.find(nic.nic.tap); known != guarded_.end()) {
      known->second.slot = nic.slot;
      if (policy != nullptr) release(known->second, no_guard_of(*policy, nic.slot));
      if (policy == nullptr || known->second.drained_ns != 0) keep(wanted, nic);
    }
  }
  return wanted;
}

void Protection::want(Wanted& wanted, const LivePolicy& policy, const EnforceableNic& nic) {
  const ChosenEnforcer chosen = choose_enforcer(nic.nic, options_.only);
  if (chosen.kind == nullptr) {
    unserved_[nic.nic.tap] = chosen.reason;
    report(parts_.kernel.set_guard(nic.slot, no_guard_of(policy, nic.slot)));
    return;
  }
  Guarded& guarded = guarded_[nic.nic.tap];
  guarded.slot = nic.slot;
  guarded.reason = chosen.reason;
  guarded.fails_closed = !(guard_of(policy, nic.slot).flags & VMOAT_FAIL_OPEN);
  guarded.in_protect = true;
  guarded.drained_ns = 0;
  wanted[nic.nic.tap] = {nic.nic, chosen.kind};
}

/** As it is. */
void Protection::keep(Wanted& wanted, const EnforceableNic& nic) {
  if (const EnforcerKind* kind = enforcers_.kind_of(nic.nic.tap)) wanted[nic.nic.tap] = {nic.nic, kind};
}

/** Its enforcer stays a little longer, for what is held by then is still to go on. */
void Protection::release(Guarded& guarded, const vmoat_guard& then) {
  guarded.in_protect = false;
  if (let_go(guarded))
    guarded.drained_ns = monotonic_ns() + drain_ns;
  else if (guarded.drained_ns == 0)
    report(parts_.kernel.set_guard(guarded.slot, then));
}

/** Whether it was on guard. All else of the guard stays for now: a program that has seen it on goes by it to
 * the end, and would hold a frame that the next ones overtake, had verdicts become void meanwhile. */
bool Protection::let_go(const Guarded& guarded) {
  vmoat_guard guard = parts_.kernel.guard(guarded.slot);
  if ((guard.flags & VMOAT_GUARD_ON) == 0) return false;
  guard.flags = 0;
  report(parts_.kernel.set_guard(guarded.slot, guard));
  return true;
}

/** Whether all that was held by then has gone on. */
bool Protection::has_drained(int64_t held_ns, int64_t now_ns, Workers workers) const {
  const auto has_emptied = [&](const auto& worker) { return worker->emptied_ns() >= held_ns; };
  if (now_ns < held_ns) return false;
  return !diverts_ || now_ns >= held_ns + drain_max_ns || std::ranges::all_of(workers, has_emptied);
}

void Protection::note_drained(Workers workers) {
  const int64_t now_ns = monotonic_ns();
  for (auto& [tap, guarded] : guarded_)
    if (has_drained(guarded.drained_ns, now_ns, workers)) guarded.drained_ns = 0;
}

int64_t Protection::drained_ns() const {
  int64_t first_ns = 0;
  for (const auto& [tap, guarded] : guarded_)
    if (guarded.drained_ns != 0 && (first_ns == 0 || guarded.drained_ns < first_ns))
      first_ns = guarded.drained_ns;
  return first_ns != 0 ? std::max(first_ns, monotonic_ns() + drain_look_ns) : 0;
}

/** What comes from an enforcer's interface in the tap's place is the NIC's, from its first frame on. */
void Protection::know_stand_in(uint32_t tap, Guarded& guarded) {
  const uint32_t now = enforcers_.path(tap).stand_in;
  if (now == guarded.stand_in) return;
  const uint32_t netns = options_.enforcers.netns;
  if (guarded.stand_in != 0) parts_.kernel.remove_tap({netns, guarded.stand_in});
  guarded.stand_in = now;
  if (now != 0) report(parts_.kernel.set_tap({netns, now}, {.slot = guarded.slot, .counts_sent = 1}));
}

bool Protection::step(const Wanted& wanted, const std::map<uint32_t, Link>& links) {
  const bool again = enforcers_.step(wanted, links);
  for (auto& [tap, guarded] : guarded_) know_stand_in(tap, guarded);
  return again;
}

/** Only who is enforced is guarded: else there were no way on for what is held. A NIC that cannot be enforced
 * is observed where it fails open; else it waits, with what its guard lets pass. */
void Protection::guard(const LivePolicy& policy) {
  for (auto& [tap, guarded] : guarded_) {
    const EnforcedPath path = enforcers_.path(tap);
    parts_.paths[guarded.slot].guest = path.guest;
    parts_.paths[guarded.slot].bridge = path.network;
    if (!guarded.in_protect) continue;
    if (enforcers_.is_there(tap))
      report(parts_.kernel.set_guard(guarded.slot, guard_of(policy, guarded.slot)));
    else if (!guarded.fails_closed && !enforcers_.problem(tap).empty())
      report(parts_.kernel.set_guard(guarded.slot, no_guard_of(policy, guarded.slot)));
  }
}

void Protection::forget_gone(const Wanted& wanted) {
  for (auto at = guarded_.begin(); at != guarded_.end();) {
    auto& [tap, guarded] = *at;
    const bool is_gone = enforcers_.kind_of(tap) == nullptr && !wanted.contains(tap);
    if (is_gone && guarded.in_protect) report(parts_.kernel.set_guard(guarded.slot, {}));
    has_changed_ |= is_gone;
    at = is_gone ? guarded_.erase(at) : std::next(at);
  }
}

/** Once for as long as it is the same. */
void Protection::log_problems() {
  for (auto& [tap, guarded] : guarded_) {
    std::string problem = enforcers_.problem(tap);
    if (problem == guarded.logged) continue;
    if (!problem.empty())
      parts_.log.log("error", "enforce the NIC in slot " + std::to_string(guarded.slot) + ": " + problem);
    guarded.logged = std::move(problem);
  }
}

void Protection::note_changes() {
  for (auto& [tap, guarded] : guarded_) {
    const bool is_there = enforcers_.is_there(tap);
    has_changed_ |= guarded.was_in_protect != guarded.in_protect || guarded.was_there != is_there;
    guarded.was_in_protect = guarded.in_protect;
    guarded.was_there = is_there;
  }
}

bool Protection::has_changed() {
  return !goes_on_ && std::exchange(has_changed_, false);
}

void Protection::follow(const LivePolicy* policy, std::span<const EnforceableNic> nics,
                        const std::map<uint32_t, Link>& links, Workers workers) {
  note_drained(workers);
  const Wanted wanted = this->wanted(policy, nics);
  if (policy != nullptr && !wanted.empty()) {
    if (!diverts_)
      if (Status made = divert(workers); !made) return report(std::move(made));
    report(
        parts_.kernel.set_guard(VMOAT_ANY_NIC, {.flags = VMOAT_GUARD_ON, .generation = policy->generation}));
  }
  goes_on_ = step(wanted, links);
  if (policy != nullptr) guard(*policy);
  forget_gone(wanted);
  log_problems();
  note_changes();
  waits_ = enforcers_.waits();
  if (guarded_.empty()) report(parts_.kernel.set_guard(VMOAT_ANY_NIC, {}));
}

void Protection::stop(Workers workers) {
  for (const auto& [tap, guarded] : guarded_) let_go(guarded);
  const int64_t held_ns = monotonic_ns() + drain_ns;
  while (!has_drained(held_ns, monotonic_ns(), workers))
    std::this_thread::sleep_for(std::chrono::nanoseconds(drain_look_ns));
  report(parts_.kernel.clear_guards());
  while (step({}, {})) {
  }
  report(enforcers_.remove_all());
  for (auto& [tap, guarded] : guarded_) know_stand_in(tap, guarded);
  guarded_.clear();
}

const std::map<uint32_t, Link>& Protection::without_us(const std::map<uint32_t, Link>& links) {
  links_ = links;
  std::erase_if(links_, [](const auto& link) { return Divert::is_name(link.second.name); });
  enforcers_.hide(links_);
  return links_;
}

NicProtection Protection::of(uint32_t tap) const {
  NicProtection protection;
  if (const auto none = unserved_.find(tap); none != unserved_.end()) protection.reason = none->second;
  const auto known = guarded_.find(tap);
  if (known == guarded_.end()) return protection;
  const Guarded& guarded = known->second;
  if (const EnforcerKind* kind = enforcers_.kind_of(tap)) protection.enforcer = kind->name;
  if (!guarded.in_protect) return protection;
  const bool is_there = enforcers_.is_there(tap);
  const std::string problem = enforcers_.problem(tap);
  protection.state = is_there ? NicProtection::State::guarded : NicProtection::State::waiting;
  protection.fails_closed = guarded.fails_closed;
  protection.reason = guarded.reason;
  if (!problem.empty())
    protection.reason = problem;
  else if (!is_there)
    protection.reason = "its port in the bridge does not forward yet";
  return protection;
}

}  // namespace vmoat
