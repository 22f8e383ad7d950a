// Links: the interfaces of one network namespace with their addresses, and their changes.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "plumb/netlink.h"

namespace vmoat {

struct Link {
  uint32_t ifindex = 0;
  std::string name;
  std::string kind;  // IFLA_INFO_KIND, empty for hardware and lo
  std::string mac;   // "52:54:00:…", empty where the link has none
  uint32_t mtu = 0;
  uint32_t master = 0;
  uint32_t lower = 0;     // IFLA_LINK; may be an index of another namespace
  uint32_t id = 0;        // VNI, VLAN id
  uint16_t hardware = 0;  // ARPHRD_
  uint16_t pvid = 0;      // VLAN of frames without a tag, of a bridge and of its ports
  bool up = false;
  bool tap_mode = false;            // tun device that carries Ethernet
  bool filters_vlans = false;       // a bridge to which VLANs mean something
  std::set<std::string> addresses;  // CIDR

  bool operator==(const Link&) const = default;
};

struct LinkChanges {
  bool links = false;          // a link or address changed
  std::vector<uint32_t> gone;  // links that were there before
  std::set<uint32_t> qdiscs;   // links whose qdiscs changed
};

class LinkWatch {
 public:
  /** Subscribes, then dumps: nothing between is missed. Watches the calling thread's namespace. */
  static Result<LinkWatch> open();
  [[nodiscard]] int fd() const { return events_.fd(); }
  [[nodiscard]] const std::map<uint32_t, Link>& links() const { return links_; }
  /** Reads what waits on fd(); after an overrun dumps again and tells the difference. */
  Result<LinkChanges> turn();

 private:
  LinkWatch(Netlink events, Netlink requests) : events_(std::move(events)), requests_(std::move(requests)) {}
  Result<LinkChanges> redump();
  void apply(const nlmsghdr& message, LinkChanges& changes);
  void apply_link(const nlmsghdr& message, LinkChanges& changes);
  void apply_vlans(const nlmsghdr& message, LinkChanges& changes);
  void apply_address(const nlmsghdr& message, LinkChanges& changes);

  Netlink events_;
  Netlink requests_;
  std::map<uint32_t, Link> links_;
};

}  // namespace vmoat
