// Restore: takes everything of vmoat's off the host, whoever left it there and however it ended.
#include <chrono>
#include <filesystem>
#include <thread>

#include "capture/tap_hook.h"
#include "enforce/divert.h"
#include "engine/dataplane.h"
#include "engine/protection.h"
#include "plumb/bpffs.h"
#include "plumb/links.h"

namespace vmoat {
namespace {

constexpr int put_back_tries = 400;  // twice the longest forward delay of STP, 30 s each
constexpr std::chrono::milliseconds put_back_pause{150};

/** Waits for the tap's port to forward, so that its guest is never without a way. */
Status put_back(Splices& splices, uint16_t slot) {
  if (splices.at(slot).tap == 0) return success();
  for (int i = 0; i < put_back_tries; i++) {
    auto out = splices.unsplice(slot);
    if (!out || *out) break;  // a tap that has gone is put back nowhere
    std::this_thread::sleep_for(put_back_pause);
  }
  return splices.remove(slot);
}

std::map<uint32_t, vmoat_tap> pinned_taps(const std::string& pin_root, uint32_t netns) {
  std::map<uint32_t, vmoat_tap> taps;
  for (const auto& [id, tap] : read_pinned_taps(pin_directory(pin_root)))
    if (id.netns == netns) taps[id.ifindex] = tap;
  return taps;
}

/** Puts every spliced tap back into its bridge, and takes the ways of held frames away. */
Status restore_splices(Netlink& netlink, const std::string& pin_root, uint32_t netns) {
  Status result = success();
  const std::string pins = splice_pins(pin_root);
  if (std::filesystem::exists(pins)) {
    auto splices = Splices::open({.pins = pins, .netns = netns, .tcx = tcx_hook.available()}, netlink);
    if (!splices) return std::move(splices.error());
    for (uint16_t slot = 1; slot < VMOAT_SLOTS; slot++)
      if (Status back = put_back(**splices, slot); !back) result = std::move(back);
  }
  for (uint32_t worker = 0; worker < VMOAT_WORKERS_MAX; worker++)
    if (Status gone = Divert::remove(netlink, worker); !gone) result = std::move(gone);
  return result;
}

}  // namespace

Status Dataplane::restore(const std::string& pin_root) {
  auto netns = own_netns();
  if (!netns) return std::move(netns.error());
  auto netlink = Netlink::open();
  if (!netlink) return std::move(netlink.error());
  auto watch = LinkWatch::open();
  if (!watch) return std::move(watch.error());
  const auto taps = pinned_taps(pin_root, *netns);
  const std::string links = pin_directory(pin_root) + "/links";
  Status result = restore_splices(*netlink, pin_root, *netns);
  for (const auto& [ifindex, link] : watch->links()) {
    const auto tap = taps.find(ifindex);
    const bool made_qdisc = tap != taps.end() && tap->second.made_qdisc;
    for (const TapHook& hook : tap_hooks())
      if (Status off = hook.detach(*netlink, ifindex, links, made_qdisc); !off)
        result = std::move(off.error()).in("detach " + link.name);
  }
  Status removed = remove_tree(pin_root);
  return result ? std::move(removed) : std::move(result);
}

}  // namespace vmoat
