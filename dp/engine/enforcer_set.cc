// Choosing an enforcer, and driving many NICs through its steps.
#include "engine/enforcer_set.h"

#include <algorithm>
#include <filesystem>
#include <utility>

#include "base/clock.h"
#include "enforce/stand_in.h"

namespace vmoat {
namespace {

constexpr int64_t step_ns = 40'000'000;
/** Pairs that go together: a removal waits for the whole kernel, and keeps others from rtnetlink meanwhile.
 */
constexpr size_t given_up_max = 64;

std::string pins_of(const std::string& pin_root, const EnforcerKind& kind) {
  return pin_root + "/" + std::string(kind.name);
}

}  // namespace

bool is_enforcer(std::string_view name) {
  return std::ranges::any_of(enforcers(), [&](const EnforcerKind& kind) { return kind.name == name; });
}

ChosenEnforcer choose_enforcer(const EnforcedNic& nic, std::string_view only) {
  std::string others;
  for (const EnforcerKind& kind : enforcers()) {
    if (only != any_enforcer && only != kind.name) continue;
    const std::string why_not = kind.why_not(nic);
    if (why_not.empty() && only != any_enforcer) return {&kind, "ordered by the setting enforcer"};
    if (why_not.empty()) return {&kind, others.empty() ? std::string(kind.because) : others};
    others += (others.empty() ? "no " : "; no ") + std::string(kind.name) + ": " + why_not;
  }
  return {nullptr, others};
}

Result<EnforcerSet> EnforcerSet::open(const EnforcerSetOptions& options, Netlink& netlink) {
  auto wall = Wall::load();
  if (!wall) return std::move(wall.error());
  if (Status gone = remove_given_up(netlink); !gone) return std::move(gone.error());
  EnforcerSet set(std::move(*wall), netlink);
  for (const EnforcerKind& kind : enforcers()) {
    auto enforcer = kind.open({.pins = pins_of(options.pin_root, kind),
                               .netns = options.netns,
                               .tcx = options.tcx,
                               .wall = set.wall(),
                               .reinjected = options.reinjected,
                               .hand_on = options.hand_on},
                              netlink);
    if (!enforcer) return std::move(enforcer.error()).in(kind.name);
    set.enforcers_[&kind] = std::move(*enforcer);
    set.take_over(kind);
  }
  return set;
}

bool EnforcerSet::has_left(const std::string& pin_root) {
  return std::ranges::any_of(enforcers(), [&](const EnforcerKind& kind) {
    return std::filesystem::exists(pins_of(pin_root, kind));
  });
}

/** Two that serve one NIC: the later one came to replace the other, which was not to be. */
void EnforcerSet::take_over(const EnforcerKind& kind) {
  for (const uint32_t tap : enforcers_[&kind]->taps())
    if (!standings_.try_emplace(tap, Standing{.by = &kind}).second) (void)enforcers_[&kind]->remove(tap);
}

bool EnforcerSet::step(const std::map<uint32_t, WantedEnforcer>& wanted,
                       const std::map<uint32_t, Link>& links) {
  for (const auto& [tap, nic] : wanted) standings_.try_emplace(tap);
  const int64_t until_ns = monotonic_ns() + step_ns;
  const size_t all = standings_.size();
  size_t moved = 0;
  for (auto at = standings_.lower_bound(turn_); moved < all && monotonic_ns() < until_ns; moved++) {
    if (at == standings_.end()) at = standings_.begin();
    auto& [tap, standing] = *at++;
    if (standing.has_frames_on_way) let_all_pass();
    const auto nic = wanted.find(tap);
    standing.has_frames_on_way =
        move(tap, standing, nic == wanted.end() ? nullptr : &nic->second, links) == Progress::after_grace;
    turn_ = tap + 1;
  }
  std::erase_if(standings_,
                [&](const auto& at) { return at.second.by == nullptr && !wanted.contains(at.first); });
  const bool goes_on =
      moved < all ||
      std::ranges::any_of(standings_, [](const auto& at) { return at.second.has_frames_on_way; });
  if (given_up_ >= given_up_max || (given_up_ > 0 && !goes_on))
    (void)remove_given_up(*netlink_), given_up_ = 0;
  return goes_on;
}

/** Once for as many as possible: those whose first step it is come before the others' second. */
void EnforcerSet::let_all_pass() {
  let_pass();
  for (auto& [tap, standing] : standings_) standing.has_frames_on_way = false;
}

/** A NIC whose enforcer is to be another one leaves the one before. */
Progress EnforcerSet::move(uint32_t tap, Standing& standing, const WantedEnforcer* wanted,
                           const std::map<uint32_t, Link>& links) {
  const EnforcerKind* to = wanted != nullptr ? wanted->kind : nullptr;
  if (standing.by != nullptr && standing.by != to) {
    standing.is_there = false;
    const Progress out = note(standing, enforcers_[standing.by]->end(tap));
    if (out != Progress::done) return out;
    given_up_++;
  }
  standing.by = to;
  if (to == nullptr) return Progress::done;
  const Progress in = note(standing, enforcers_[to]->begin(wanted->nic, links));
  standing.is_there = in == Progress::done || (standing.is_there && !standing.problem.empty());
  return in;
}

/** What fails is tried again. */
Progress EnforcerSet::note(Standing& standing, Result<Progress> progress) {
  standing.problem = progress ? "" : progress.error().what;
  return progress ? *progress : Progress::waits;
}

bool EnforcerSet::waits() const {
  return std::ranges::any_of(standings_, [](const auto& at) {
    return at.second.by != nullptr && (!at.second.is_there || !at.second.problem.empty());
  });
}

Status EnforcerSet::remove_all() {
  Status result = success();
  for (const auto& [kind, enforcer] : enforcers_)
    for (const uint32_t tap : enforcer->taps())
      if (Status gone = enforcer->remove(tap); !gone) result = std::move(gone);
  standings_.clear();
  if (Status gone = remove_given_up(*netlink_); !gone) result = std::move(gone);
  return result;
}

const EnforcerKind* EnforcerSet::kind_of(uint32_t tap) const {
  const auto at = standings_.find(tap);
  return at == standings_.end() ? nullptr : at->second.by;
}

bool EnforcerSet::is_there(uint32_t tap) const {
  const auto at = standings_.find(tap);
  return at != standings_.end() && at->second.is_there;
}

std::string EnforcerSet::problem(uint32_t tap) const {
  const auto at = standings_.find(tap);
  return at == standings_.end() ? std::string() : at->second.problem;
}

EnforcedPath EnforcerSet::path(uint32_t tap) const {
  const EnforcerKind* kind = kind_of(tap);
  return kind != nullptr ? enforcers_.at(kind)->path(tap) : EnforcedPath{};
}

std::vector<uint32_t> EnforcerSet::taps() const {
  std::vector<uint32_t> taps;
  for (const auto& [tap, standing] : standings_)
    if (standing.by != nullptr) taps.push_back(tap);
  return taps;
}

void EnforcerSet::hide(std::map<uint32_t, Link>& links) const {
  for (const auto& [kind, enforcer] : enforcers_) enforcer->hide(links);
}

}  // namespace vmoat
