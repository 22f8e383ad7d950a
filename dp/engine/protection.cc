// Guards and splices, in an order that leaves no frame without a way.
#include "engine/protection.h"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <thread>

#include "enforce/divert.h"
#include "engine/guards.h"
#include "engine/worker.h"

namespace vmoat {
namespace {

constexpr int put_back_tries = 400;  // twice the longest forward delay of STP, 30 s each
constexpr std::chrono::milliseconds put_back_pause{150};

/** Of no layout, for splices outlive every version of the tap programs. */
std::string splice_pins(const std::string& pin_root) {
  return pin_root + "/splice";
}

/** Waits for the tap's port to forward, so that its guest is never without a way. */
Status put_one_back(Splices& splices, uint16_t slot) {
  if (splices.at(slot).tap == 0) return success();
  for (int i = 0; i < put_back_tries; i++) {
    auto out = splices.unsplice(slot);
    if (!out || *out) break;  // a tap that has gone is put back nowhere
    std::this_thread::sleep_for(put_back_pause);
  }
  return splices.remove(slot);
}

}  // namespace

Result<std::unique_ptr<Protection>> Protection::open(const ProtectionParts& parts,
                                                     const std::string& pin_root, uint32_t netns, bool tcx) {
  auto splices = Splices::open({.pins = splice_pins(pin_root), .netns = netns, .tcx = tcx}, parts.netlink);
  if (!splices) return std::move(splices.error());
  // what an earlier run diverted nobody reads any more: the guards' own choice, until we can
  for (uint32_t worker = 0; worker < VMOAT_WORKERS_MAX; worker++)
    if (Status off = parts.kernel.set_divert(worker, 0); !off) return std::move(off.error());
  return std::unique_ptr<Protection>(new Protection(parts, std::move(*splices), netns));
}

Protection::Protection(const ProtectionParts& parts, std::unique_ptr<Splices> splices, uint32_t netns)
    : parts_(parts), splices_(std::move(splices)), netns_(netns) {
  for (uint16_t slot = 1; slot < VMOAT_SLOTS; slot++)
    if (const vmoat_splice splice = splices_->at(slot); splice.tap != 0) guarded_[slot] = splice.tap;
}

Status Protection::put_back(Netlink& netlink, const std::string& pin_root, uint32_t netns) {
  const std::string pins = splice_pins(pin_root);
  if (!std::filesystem::exists(pins)) return success();
  auto splices = Splices::open({.pins = pins, .netns = netns, .tcx = has_tcx()}, netlink);
  if (!splices) return std::move(splices.error());
  Status result = success();
  for (uint16_t slot = 1; slot < VMOAT_SLOTS; slot++)
    if (Status back = put_one_back(**splices, slot); !back) result = std::move(back);
  for (uint32_t worker = 0; worker < VMOAT_WORKERS_MAX; worker++)
    if (Status gone = Divert::remove(netlink, worker); !gone) result = std::move(gone);
  return result;
}

void Protection::report(Status status) {
  if (!status) parts_.log.log("error", status.error().what);
}

/** Once: the ways of held frames to the workers. */
Status Protection::divert(std::span<const std::unique_ptr<Worker>> workers) {
  for (const auto& worker : workers) {
    auto divert = Divert::open(parts_.netlink, worker->number(), splices_->wall_program());
    if (!divert) return std::move(divert.error());
    if (Status set = parts_.kernel.set_divert(worker->number(), divert->ifindex()); !set) return set;
    worker->divert(std::move(*divert));
  }
  diverts_ = true;
  return success();
}

/** Spliced first: only then is there a way back to the bridge for what is held. True: done. */
bool Protection::guard(const TappedLink& nic, vmoat_guard as) {
  const uint16_t slot = nic.slot;
  if (Status prepared = splices_->prepare(slot, nic.link->ifindex, nic.link->name); !prepared)
    return report(std::move(prepared)), true;
  auto spliced = splices_->splice(slot);
  if (!spliced) return report(std::move(spliced.error())), true;
  if (!*spliced) return false;
  const vmoat_splice splice = splices_->at(slot);
  parts_.paths[slot].guest = splice.tap;
  parts_.paths[slot].bridge = splices_->inner(slot);
  report(parts_.kernel.set_tap({netns_, splice.port}, {.slot = slot, .counts_sent = 1}));
  report(parts_.kernel.set_guard(slot, as));
  return true;
}

bool Protection::release(uint16_t slot) {
  report(parts_.kernel.set_guard(slot, {}));
  const vmoat_splice splice = splices_->at(slot);
  auto out = splices_->unsplice(slot);
  if (!out) report(std::move(out.error()));
  if (out && !*out) return false;
  parts_.kernel.remove_tap({netns_, splice.port});
  report(splices_->remove(slot));
  parts_.paths[slot].guest = parts_.paths[slot].bridge = 0;
  return true;
}

void Protection::follow(const LivePolicy& policy, std::span<const TappedLink> nics,
                        std::span<const std::unique_ptr<Worker>> workers) {
  std::map<uint16_t, const TappedLink*> wanted;
  for (const TappedLink& nic : nics) {
    if (is_in_protect(policy, nic.slot) && nic.link->master != 0) wanted[nic.slot] = &nic;
  }
  waits_ = false;
  if (!wanted.empty() && !diverts_)
    if (Status made = divert(workers); !made) return report(std::move(made));
  if (!wanted.empty())
    report(
        parts_.kernel.set_guard(VMOAT_ANY_NIC, {.flags = VMOAT_GUARD_ON, .generation = policy.generation}));
  for (auto nic = guarded_.begin(); nic != guarded_.end();) {
    const auto still = wanted.find(nic->first);
    const bool goes = still == wanted.end() || still->second->link->ifindex != nic->second;
    const bool gone = goes && release(nic->first);
    waits_ |= goes && !gone;
    nic = gone ? guarded_.erase(nic) : std::next(nic);
  }
  for (const auto& [slot, nic] : wanted) {
    guarded_[slot] = nic->link->ifindex;
    waits_ |= !guard(*nic, guard_of(policy, slot));
  }
  if (guarded_.empty()) report(parts_.kernel.set_guard(VMOAT_ANY_NIC, {}));
}

void Protection::stop() {
  report(parts_.kernel.clear_guards());
  for (const auto& [slot, ifindex] : guarded_) report(splices_->remove(slot));
  guarded_.clear();
}

const std::map<uint32_t, Link>& Protection::without_us(const std::map<uint32_t, Link>& links) {
  links_ = links;
  std::erase_if(links_, [](const auto& link) { return Divert::is_name(link.second.name); });
  for (const auto& [slot, ifindex] : guarded_) {
    const vmoat_splice splice = splices_->at(slot);
    const auto port = links_.find(splice.port), tap = links_.find(splice.tap);
    if (port == links_.end()) continue;
    if (tap != links_.end() && tap->second.master == 0) tap->second.master = port->second.master;
    links_.erase(port->second.lower);
    links_.erase(splice.port);
  }
  return links_;
}

}  // namespace vmoat
