// The set of tapped interfaces.
#include "engine/tap_set.h"

#include <fnmatch.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <utility>

#include "base/clock.h"
#include "engine/guards.h"
#include "engine/guest_nic.h"
#include "plumb/tcx.h"

namespace vmoat {
namespace {

bool matches(const std::vector<std::string>& patterns, const std::string& name) {
  return std::any_of(patterns.begin(), patterns.end(),
                     [&](const std::string& p) { return ::fnmatch(p.c_str(), name.c_str(), 0) == 0; });
}

/** By its name, but a name that was another guest's before says nothing. */
bool is_meant(const ExpectedNic& nic, const Link& link) {
  if (nic.tap.empty()) return same_guest(link.mac, nic.mac);
  return nic.tap == link.name && !is_anothers(link, nic.mac);
}

// libvirt sets <bandwidth> a few ms after it made the tap; of a domain that was not defined before, nobody
// knows so early whether it will.
constexpr int64_t bandwidth_grace_ns = 2'000'000'000;

const TapHook* hook_of(uint8_t number) {
  for (const TapHook& hook : tap_hooks())
    if (hook.number == number) return &hook;
  return nullptr;
}

void add(Losses& sum, const vmoat_nic_counters& c) {
  sum.ring += c.lost_ring;
  sum.budget += c.lost_budget;
  sum.table += c.lost_table;
  sum.quota += c.lost_quota;
  sum.read += c.lost_read;
}

uint64_t frames_of(const vmoat_nic_counters& c) {
  return c.packets[VMOAT_FROM_NIC] + c.packets[VMOAT_TO_NIC];
}

}  // namespace

std::optional<Mac> mac_of(const std::string& text) {
  Mac mac;
  if (text.size() != 17) return std::nullopt;
  for (size_t i = 0; i < mac.size(); i++) {
    const char* digits = text.data() + 3 * i;
    const auto [end, failed] = std::from_chars(digits, digits + 2, mac[i], 16);
    if (failed != std::errc() || end != digits + 2) return std::nullopt;
  }
  return mac;
}

const TapHook* choose_hook(HookChoice choice) {
  for (const TapHook& hook : tap_hooks()) {
    if (choice == HookChoice::tcx && hook.number != VMOAT_HOOK_TCX) continue;
    if (choice == HookChoice::clsact && hook.number != VMOAT_HOOK_CLSACT) continue;
    if (hook.available()) return &hook;
  }
  return nullptr;
}

TapSet::TapSet(const DataplaneConfig& config, uint32_t netns, TapKernel& kernel, Netlink& netlink,
               Segments& segments, Slots& slots, DataplaneSink& log)
    : config_(config),
      netns_(netns),
      kernel_(kernel),
      netlink_(netlink),
      segments_(segments),
      slots_(slots),
      log_(log),
      links_directory_(tap_links(config.pin_root)),
      hook_(choose_hook(config.hook)) {}

void TapSet::adopt(const std::map<uint32_t, Link>& links) {
  for (const auto& [id, tap] : kernel_.taps()) {
    if (tap.hook == VMOAT_HOOK_NONE) continue;  // a splice's port, which stands for its NIC
    const auto link = links.find(id.ifindex);
    const bool ours = id.netns == netns_ && link != links.end() && wanted(link->second);
    if (!slots_.claim(tap.slot)) {
      kernel_.remove_tap(id);
      continue;
    }
    Tapped entry = {.slot = tap.slot, .former = hook_of(tap.hook), .made_qdisc = tap.made_qdisc != 0};
    if (ours) {
      place(link->second, links);
      attach(link->second, entry);
    }
    taps_[id.ifindex] = entry;
    if (!ours) let_go(id.ifindex, link != links.end());
  }
}

bool TapSet::wanted(const Link& link) const {
  if (matches(config_.ignore, link.name)) return false;
  if (config_.tap_devices && is_tap_device(link)) return true;
  if (matches(config_.names, link.name)) return true;
  return std::any_of(expected_.begin(), expected_.end(),
                     [&](const ExpectedNic& e) { return e.tap == link.name; });
}

bool TapSet::has_bandwidth(const Link& link) const {
  return std::any_of(expected_.begin(), expected_.end(),
                     [&](const ExpectedNic& e) { return e.bandwidth && is_meant(e, link); });
}

bool TapSet::is_filtered(const Link& link) const {
  return std::any_of(expected_.begin(), expected_.end(),
                     [&](const ExpectedNic& e) { return e.filtered && is_meant(e, link); });
}

// A clsact of ours would make libvirt's ingress qdisc fail, and with it the start of the guest.
bool TapSet::hold(const Link& link) {
  if (hook_ == nullptr || hook_->number != VMOAT_HOOK_CLSACT) return false;
  const bool known = std::any_of(expected_.begin(), expected_.end(),
                                 [&](const ExpectedNic& e) { return is_meant(e, link); });
  const int64_t now_ns = monotonic_ns();
  const auto [at, fresh] = held_until_ns_.try_emplace(link.ifindex, now_ns + bandwidth_grace_ns);
  if (known || !followed_) at->second = now_ns;
  return now_ns < at->second;
}

bool TapSet::holds() const {
  return std::any_of(held_until_ns_.begin(), held_until_ns_.end(),
                     [&](const auto& held) { return !taps_.contains(held.first); });
}

// Whether the tap is as it should be, so that there is nothing to do.
bool TapSet::current(const Link& link, const LinkChanges& changes) const {
  const auto entry = taps_.find(link.ifindex);
  if (entry == taps_.end()) return false;
  const bool whole = entry->second.attached.sent && entry->second.attached.received;
  return whole || (!changes.qdiscs.contains(link.ifindex) && entry->second.bandwidth == has_bandwidth(link));
}

bool TapSet::follow(const std::map<uint32_t, Link>& links, const LinkChanges& changes) {
  const size_t before = taps_.size();
  bool changed = !changes.gone.empty();
  for (uint32_t ifindex : changes.gone) {
    held_until_ns_.erase(ifindex);
    if (taps_.contains(ifindex)) let_go(ifindex, false);
  }
  for (const auto& [ifindex, link] : links) {
    if (!wanted(link)) {
      held_until_ns_.erase(ifindex);
      if (taps_.contains(ifindex)) let_go(ifindex, true);
      continue;
    }
    if (!taps_.contains(ifindex) && hold(link)) continue;
    if (!current(link, changes)) {
      tap(link);
      changed = true;
    }
    place(link, links);
  }
  if (!std::exchange(followed_, true)) drop_strays();
  return changed || before != taps_.size() || changes.links;
}

void TapSet::place(const Link& link, const std::map<uint32_t, Link>& links) {
  const auto entry = taps_.find(link.ifindex);
  if (entry == taps_.end() || entry->second.slot == no_slot) return;
  const auto master = links.find(link.master);
  const Link& at = link.master && master != links.end() ? master->second : link;
  Port port = {.ifindex = at.ifindex, .name = at.name};
  if (at.filters_vlans) port.untagged = link.pvid, port.native = at.pvid;
  segments_.place(entry->second.slot, port);
}

void TapSet::tap(const Link& link) {
  Tapped& entry = taps_[link.ifindex];
  if (entry.slot == no_slot) {
    entry.slot = slots_.take();
    entry.adopted_ns = realtime_ns();
    const vmoat_guard guard = newcomers_wait_ ? waiting_guard() : vmoat_guard{};
    if (entry.slot != no_slot) (void)kernel_.set_guard(entry.slot, guard);
  }
  if (entry.slot == no_slot) {
    entry.attached.reason = "no free slot: " + std::to_string(VMOAT_SLOTS - 1) + " NICs at most";
    return;
  }
  attach(link, entry);
  if (entry.hook) return;
  kernel_.remove_tap(id_of(link.ifindex));
  slots_.retire(entry.slot);
  entry.slot = no_slot;
}

// The map entry comes before the programs, which without it do nothing; what it says of the sending side
// comes after, so that no receiver relies on a sender that is not yet counted.
void TapSet::attach(const Link& link, Tapped& entry) {
  entry.bandwidth = has_bandwidth(link);
  if (!entry.former) enter(link.ifindex, entry);
  const TapTarget target = {link.ifindex, link.kind == "macvtap", entry.bandwidth};
  auto attached = hook_
                      ? hook_->attach(netlink_, target, kernel_.programs(), links_directory_)
                      : Result<TapAttached>(Error{"this kernel does not have the configured hook", ENOTSUP});
  entry.attached = attached ? *attached : TapAttached{.reason = attached.error().what};
  entry.made_qdisc |= entry.attached.made_qdisc;
  entry.hook = entry.attached.sent || entry.attached.received ? hook_ : nullptr;
  if (entry.former && entry.former != hook_)
    (void)entry.former->detach(netlink_, link.ifindex, links_directory_, entry.made_qdisc);
  entry.former = nullptr;
  entry.since_ns = realtime_ns();
  if (entry.hook) enter(link.ifindex, entry);
  if (!entry.attached.reason.empty()) log_.log("warn", "tap " + link.name + ": " + entry.attached.reason);
}

void TapSet::enter(uint32_t ifindex, const Tapped& entry) {
  const vmoat_tap tap = {.slot = entry.slot,
                         .counts_sent = entry.attached.sent,
                         .hook = static_cast<uint8_t>(entry.hook ? entry.hook->number : VMOAT_HOOK_NONE),
                         .made_qdisc = entry.made_qdisc};
  if (Status entered = kernel_.set_tap(id_of(ifindex), tap); !entered)
    log_.log("error", entered.error().what);
}

void TapSet::let_go(uint32_t ifindex, bool exists) {
  const Tapped entry = taps_[ifindex];
  const TapHook* hook = entry.hook ? entry.hook : entry.former;
  taps_.erase(ifindex);
  if (entry.slot == no_slot) return;
  // pins of a link that is gone must go, too; qdiscs and filters went with it
  if (hook && (exists || hook->number == VMOAT_HOOK_TCX))
    (void)hook->detach(netlink_, ifindex, links_directory_, entry.made_qdisc);
  kernel_.remove_tap(id_of(ifindex));
  remember(kernel_.nic_counters(entry.slot));
  slots_.retire(entry.slot);
}

/** Links of an earlier run whose maps were others: nobody knows any more whose they were. */
void TapSet::drop_strays() {
  std::error_code failed;
  for (const auto& pin : std::filesystem::directory_iterator(links_directory_, failed))
    if (const int ifindex = std::atoi(pin.path().filename().c_str()); !taps_.contains(ifindex))
      detach_tcx(pin.path());
}

void TapSet::expect(std::vector<ExpectedNic> nics) {
  expected_ = std::move(nics);
}

std::vector<std::pair<uint16_t, Mac>> TapSet::guest_macs(const std::map<uint32_t, Link>& links) const {
  std::vector<std::pair<uint16_t, Mac>> macs;
  for (const auto& [ifindex, entry] : taps_) {
    const auto link = links.find(ifindex);
    if (link == links.end() || entry.slot == no_slot) continue;
    for (const ExpectedNic& nic : expected_)
      if (const auto mac = mac_of(nic.mac); mac && is_meant(nic, link->second))
        macs.emplace_back(entry.slot, *mac);
  }
  return macs;
}

std::vector<TappedLink> TapSet::tapped(const std::map<uint32_t, Link>& links) const {
  std::vector<TappedLink> tapped;
  for (const auto& [ifindex, entry] : taps_)
    if (const auto link = links.find(ifindex); link != links.end() && entry.slot != no_slot)
      tapped.push_back({entry.slot, &link->second, entry.adopted_ns});
  return tapped;
}

std::vector<EnforceableNic> TapSet::enforceable(const std::map<uint32_t, Link>& links) const {
  std::vector<EnforceableNic> nics;
  for (const auto& [slot, link, adopted_ns] : tapped(links)) {
    const auto master = links.find(link->master);
    const TapAttached& attached = taps_.at(link->ifindex).attached;
    nics.push_back({slot,
                    {.tap = link->ifindex,
                     .name = link->name,
                     .kind = link->kind,
                     .master = link->master,
                     .master_kind = link->master && master != links.end() ? master->second.kind : "",
                     .filtered = is_filtered(*link),
                     .limited = has_bandwidth(*link),
                     .seen_both_ways = attached.sent && attached.received}});
  }
  return nics;
}

std::vector<TappedNic> TapSet::table(const std::map<uint32_t, Link>& links) {
  std::vector<TappedNic> nics;
  for (const auto& [ifindex, entry] : taps_) {
    const auto link = links.find(ifindex);
    if (link == links.end()) continue;
    TappedNic nic = {
        .slot = entry.slot, .ifindex = ifindex, .tap = link->second.name, .mac = link->second.mac};
    nic.hook = entry.hook ? entry.hook->name : "none";
    nic.reason = entry.attached.reason;
    nic.since_ns = entry.since_ns;
    // libvirt puts a tap into its bridge before it sets it up: a segment of its own would be none
    if (entry.slot != no_slot && link->second.up) nic.segment = segments_.of(entry.slot, 0);
    if (entry.slot != no_slot) {
      const vmoat_nic_counters c = kernel_.nic_counters(entry.slot);
      std::copy_n(c.packets, 2, nic.packets);
      std::copy_n(c.bytes, 2, nic.bytes);
      for (size_t way = 0; way < 2; way++)
        std::copy_n(c.guarded[way], VMOAT_GUARDED, nic.protection.frames[way]);
      add(nic.lost, c);
    }
    nics.push_back(std::move(nic));
  }
  return nics;
}

Status TapSet::detach_all() {
  Status result = success();
  while (!taps_.empty()) let_go(taps_.begin()->first, true);
  return result;
}

void TapSet::remember(const vmoat_nic_counters& c) {
  past_.packets[0] += frames_of(c);
  past_.lost_ring += c.lost_ring;
  past_.lost_budget += c.lost_budget;
  past_.lost_table += c.lost_table;
  past_.lost_quota += c.lost_quota;
  past_.lost_read += c.lost_read;
}

std::pair<uint64_t, Losses> TapSet::totals() {
  uint64_t frames = frames_of(past_);
  Losses lost;
  add(lost, past_);
  for (const auto& [ifindex, entry] : taps_) {
    if (entry.slot == no_slot) continue;
    const vmoat_nic_counters c = kernel_.nic_counters(entry.slot);
    frames += frames_of(c);
    add(lost, c);
  }
  return {frames, lost};
}

}  // namespace vmoat
