// Guards and splices, in an order that leaves no frame without a way.
#include "engine/protection.h"

#include <algorithm>

#include "enforce/divert.h"

namespace vmoat {

std::string splice_pins(const std::string& pin_root) {
  return pin_root + "/splice";
}

Protection::Protection(TapKernel& kernel, Splices& splices, uint32_t netns, NicPaths& paths,
                       DataplaneSink& log)
    : kernel_(kernel), splices_(splices), netns_(netns), paths_(paths), log_(log) {
  for (uint16_t slot = 1; slot < VMOAT_SLOTS; slot++)  // of an earlier run
    if (splices_.at(slot).tap != 0) guarded_[slot] = {.slot = slot, .ifindex = splices_.at(slot).tap};
}

void Protection::report(const Status& status) {
  if (!status) log_.log("error", const_cast<Status&>(status).error().what);
}

/** Spliced first: only then is there a way back to the bridge for what is held. True: done. */
bool Protection::guard(const WantedGuard& nic, uint32_t generation) {
  if (Status prepared = splices_.prepare(nic.slot, nic.ifindex, nic.name); !prepared)
    return report(prepared), true;
  auto spliced = splices_.splice(nic.slot);
  if (!spliced) return report(std::move(spliced.error())), true;
  if (!*spliced) return false;
  const vmoat_splice splice = splices_.at(nic.slot);
  paths_[nic.slot].guest = splice.tap;
  paths_[nic.slot].bridge = splices_.inner(nic.slot);
  report(kernel_.set_tap({netns_, splice.port}, {.slot = nic.slot, .counts_sent = 1}));
  const vmoat_guard guard = {.on = 1, .generation = generation, .fail_open = nic.fail_open};
  report(kernel_.set_guard(nic.slot, guard));
  return true;
}

bool Protection::release(uint16_t slot) {
  report(kernel_.set_guard(slot, {}));
  const vmoat_splice splice = splices_.at(slot);
  auto out = splices_.unsplice(slot);
  if (!out) report(std::move(out.error()));
  if (out && !*out) return false;
  kernel_.remove_tap({netns_, splice.port});
  report(splices_.remove(slot));
  paths_[slot].guest = paths_[slot].bridge = 0;
  return true;
}

bool Protection::follow(const std::vector<WantedGuard>& wanted, uint32_t generation) {
  bool waits = false;
  if (!wanted.empty()) report(kernel_.set_guard(0, {.on = 1, .generation = generation}));
  for (auto nic = guarded_.begin(); nic != guarded_.end();) {
    const bool still = std::ranges::any_of(wanted, [&](const WantedGuard& w) {
      return w.slot == nic->first && w.ifindex == nic->second.ifindex;
    });
    const bool done = !still && release(nic->first);
    waits |= !still && !done;
    nic = done ? guarded_.erase(nic) : std::next(nic);
  }
  for (const WantedGuard& nic : wanted) {
    guarded_[nic.slot] = nic;
    waits |= !guard(nic, generation);
  }
  if (guarded_.empty()) report(kernel_.set_guard(0, {}));
  return waits;
}

void Protection::stop() {
  for (const auto& [slot, nic] : guarded_) {
    report(kernel_.set_guard(slot, {}));
    report(splices_.remove(slot));
  }
  guarded_.clear();
  report(kernel_.set_guard(0, {}));
}

std::map<uint32_t, Link> Protection::without_us(std::map<uint32_t, Link> links) const {
  std::erase_if(links, [](const auto& link) { return Divert::is_name(link.second.name); });
  for (const auto& [slot, nic] : guarded_) {
    const vmoat_splice splice = splices_.at(slot);
    const auto port = links.find(splice.port), tap = links.find(splice.tap);
    if (port == links.end()) continue;
    if (tap != links.end() && tap->second.master == 0) tap->second.master = port->second.master;
    links.erase(port->second.lower);
    links.erase(splice.port);
  }
  return links;
}

}  // namespace vmoat
