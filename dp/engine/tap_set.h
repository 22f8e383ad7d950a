// TapSet: which interfaces are tapped, and how. It follows the links of the host.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "capture/tap_hook.h"
#include "enforce/enforcer.h"
#include "engine/dataplane.h"
#include "engine/segments.h"
#include "engine/slots.h"
#include "parse/packet.h"
#include "plumb/links.h"

namespace vmoat {

struct TappedLink {
  uint16_t slot = no_slot;
  const Link* link = nullptr;
  int64_t adopted_ns = 0;  // since the epoch; 0: an earlier run did, long ago as far as we know
};

/** What its enforcer has to know of a tapped NIC. */
struct EnforceableNic {
  uint16_t slot = no_slot;
  EnforcedNic nic;
};

class TapSet {
 public:
  /** Everything given must outlive it; `log` is called from the thread that calls here. */
  TapSet(const DataplaneConfig& config, uint32_t netns, TapKernel& kernel, Netlink& netlink,
         Segments& segments, Slots& slots, DataplaneSink& log);

  /** Takes over the slots of an earlier run for links that still exist. Once, before follow(). */
  void adopt(const std::map<uint32_t, Link>& links);
  /** Taps what is new, lets go what has gone, tries again where a qdisc changed. True where the table
   * changed. */
  bool follow(const std::map<uint32_t, Link>& links, const LinkChanges& changes);
  /** Taps wait for what libvirt has to say of them: follow() has to come again. */
  [[nodiscard]] bool holds() const;
  /** What libvirt knows; takes effect with the next follow(). */
  void expect(std::vector<ExpectedNic> nics);
  /** From now on a NIC that is tapped passes nothing but what teaches addresses until it is told otherwise.
   */
  void newcomers_wait(bool wait) { newcomers_wait_ = wait; }
  /** The MACs that libvirt gave the guests, of the NICs that it has told. */
  [[nodiscard]] std::vector<std::pair<uint16_t, Mac>> guest_macs(const std::map<uint32_t, Link>& links) const;
  /** The interface of each slot in use. */
  [[nodiscard]] std::vector<TappedLink> tapped(const std::map<uint32_t, Link>& links) const;
  [[nodiscard]] std::vector<EnforceableNic> enforceable(const std::map<uint32_t, Link>& links) const;
  /** The table with counters as of now. */
  [[nodiscard]] std::vector<TappedNic> table(const std::map<uint32_t, Link>& links);
  /** Takes every tap off its interface. */
  Status detach_all();
  /** Frames and losses of all NICs that ever were. */
  [[nodiscard]] std::pair<uint64_t, Losses> totals();

 private:
  struct Tapped {
    uint16_t slot = no_slot;
    const TapHook* hook = nullptr;    // null: not tapped, see attached.reason
    const TapHook* former = nullptr;  // of an earlier run
    TapAttached attached;
    int64_t since_ns = 0;
    int64_t adopted_ns = 0;
    bool bandwidth = false;
    bool made_qdisc = false;
  };

  [[nodiscard]] bool wanted(const Link& link) const;
  [[nodiscard]] bool has_bandwidth(const Link& link) const;
  [[nodiscard]] bool is_filtered(const Link& link) const;
  [[nodiscard]] bool current(const Link& link, const LinkChanges& changes) const;
  [[nodiscard]] bool hold(const Link& link);
  void tap(const Link& link);
  void attach(const Link& link, Tapped& entry);
  void enter(uint32_t ifindex, const Tapped& entry);
  void remember(const vmoat_nic_counters& counted);
  void let_go(uint32_t ifindex, bool exists);
  void drop_strays();
  void place(const Link& link, const std::map<uint32_t, Link>& links);
  [[nodiscard]] vmoat_tap_id id_of(uint32_t ifindex) const { return {netns_, ifindex}; }

  const DataplaneConfig& config_;
  const uint32_t netns_;
  TapKernel& kernel_;
  Netlink& netlink_;
  Segments& segments_;
  Slots& slots_;
  DataplaneSink& log_;
  const std::string links_directory_;
  const TapHook* hook_;
  std::map<uint32_t, Tapped> taps_;
  std::vector<ExpectedNic> expected_;
  std::map<uint32_t, int64_t> held_until_ns_;  // by ifindex; past: it is held no more
  bool newcomers_wait_ = false;
  bool followed_ = false;
  vmoat_nic_counters past_ = {};  // of NICs that are gone
};

/** "52:54:00:…" */
std::optional<Mac> mac_of(const std::string& text);

/** Which hook the config asks for; null where this kernel does not have it. */
const TapHook* choose_hook(HookChoice choice);

}  // namespace vmoat
