// Enforcer: one way of standing between a NIC's guest and its network, so that what the programs on the tap
// hold or drop has no other way. One file per kind, one line in enforcers.cc. Whoever drives one puts the
// guard on once it is there, and takes it off before it goes.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "plumb/links.h"
#include "plumb/netlink.h"

namespace vmoat {

/** What an enforcer has to know of a NIC. */
struct EnforcedNic {
  uint32_t tap = 0;  // ifindex
  std::string name;
  std::string kind;             // of the tap, see Link
  uint32_t master = 0;          // what the tap is in, or would be in without us
  std::string master_kind;      // empty: nothing
  bool filtered = false;        // rules of libvirt's own name the tap
  bool limited = false;         // filters of libvirt's own limit what comes in by it
  bool seen_both_ways = false;  // programs are on what the guest sends and on what it receives
};

struct EnforcerOptions {
  /** Directory for maps and links in the BPF file system. */
  std::string pins;
  uint32_t netns = 0;       // inode number of the namespace
  bool tcx = true;          // else clsact
  int wall = -1;            // see Wall
  uint32_t reinjected = 0;  // the mark by which the tap programs know a frame that was held; never 0
  int hand_on = -1;         // map of enum vmoat_hand_on, by which they hand on; below 0: there are none
};

/** How far a NIC is on its way in or out. */
enum class Progress : uint8_t {
  waits,        // for something outside of us; ask again later
  after_grace,  // ask again once every frame that was on its way has passed, see let_pass()
  done,
};

/** Behind which interfaces a NIC's frames go on. 0: there is none. */
struct EnforcedPath {
  uint32_t guest = 0;     // what is sent out of it comes to the guest
  uint32_t network = 0;   // what is sent out of it goes where the guest's frames go
  uint32_t stand_in = 0;  // where the guest's frames come from instead of the tap
};

/** Every NIC is named by the ifindex of its tap. Links are given as they are, with whatever is ours. */
class Enforcer {
 public:
  virtual ~Enforcer() = default;

  /** One step towards the NIC's being enforced, or, where that is done, after what became of its links.
   * Precondition: the kind's why_not() has nothing to say. */
  virtual Result<Progress> begin(const EnforcedNic& nic, const std::map<uint32_t, Link>& links) = 0;
  /** One step towards all being as if the NIC never had been enforced, but for what remove_given_up()
   * removes. */
  virtual Result<Progress> end(uint32_t tap) = 0;
  /** The same at once, where nobody can wait; frames may be lost. */
  virtual Status remove(uint32_t tap) = 0;

  [[nodiscard]] virtual EnforcedPath path(uint32_t tap) const = 0;
  /** Whose NICs are enforced, or on their way; those of an earlier run among them. */
  [[nodiscard]] virtual std::vector<uint32_t> taps() const = 0;
  /** Makes the links those that would be there without us. */
  virtual void hide(std::map<uint32_t, Link>& links) const = 0;
};

struct EnforcerKind {
  std::string_view name;
  /** Why it is the one for a NIC that it can serve and none before it cannot. */
  std::string_view because;
  /** Why it cannot serve this NIC, in words for the operator; empty: it can. */
  std::string (*why_not)(const EnforcedNic& nic);
  /** Takes over what an earlier run left in the pins. `netlink` must outlive it. */
  Result<std::unique_ptr<Enforcer>> (*open)(const EnforcerOptions& options, Netlink& netlink);
};

/** In order of preference. */
std::span<const EnforcerKind> enforcers();

/** Returns when every frame that a program has been asked about is gone. Some milliseconds: once for many
 * NICs. */
void let_pass();

extern const EnforcerKind splice_enforcer;
extern const EnforcerKind inplace_enforcer;

}  // namespace vmoat
