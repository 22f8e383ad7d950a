// Restore: takes everything of vmoat's off the host, whoever left it there and however it ended.
#include <filesystem>

#include "capture/tap_hook.h"
#include "engine/dataplane.h"
#include "engine/protection.h"
#include "plumb/bpffs.h"
#include "plumb/links.h"
#include "plumb/tcx.h"

namespace vmoat {
namespace {

std::map<uint32_t, vmoat_tap> pinned_taps(const std::string& pin_root, uint32_t netns) {
  std::map<uint32_t, vmoat_tap> taps;
  for (const auto& [id, tap] : read_pinned_taps(pin_directory(pin_root)))
    if (id.netns == netns) taps[id.ifindex] = tap;
  return taps;
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
  const std::string links = tap_links(pin_root);
  Status result = Protection::put_back(
      *netlink, {.pin_root = pin_root, .netns = *netns, .tcx = has_tcx(), .reinjected = 1});
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
