// For tests: guests in namespaces of their own behind a bridge in ours, and what they do with sockets.
#pragma once

#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>
#include <thread>

#include "base/fd.h"
#include "plumb/own_namespace.h"

namespace vmoat::test {

/** Guests 10.9.0.1 to 10.9.0.3, whose taps `a`, `b` and `c` are ports of the bridge vmt-br. */
class GuestLab {
 private:
  OwnNamespace space_;

 public:
  const std::string unique = "vmt-" + std::to_string(::getpid());
  const std::string a = unique + "a", b = unique + "b", c = unique + "c";

  /** `bridge`: further words for `ip link add … type bridge`. */
  explicit GuestLab(const std::string& bridge = "") {
    REQUIRE(run("ip link add vmt-br type bridge " + bridge + " && ip link set vmt-br up"));
    add(a, "10.9.0.1");
    add(b, "10.9.0.2");
    add(c, "10.9.0.3");
  }
  ~GuestLab() { (void)run("ip netns del " + a + "; ip netns del " + b + "; ip netns del " + c); }

  /** No guest says anything of its own accord any more. */
  void silence() const {
    for (const std::string& guest : {a, b, c})
      REQUIRE(run("ip netns exec " + guest + " sysctl -q net.ipv6.conf.all.disable_ipv6=1"));
  }
  /** The guest's own, "52:54:…". */
  static std::string mac(const std::string& name) {
    return output_of("ip netns exec " + name + " cat /sys/class/net/" + name + "-g/address").substr(0, 17);
  }
  static std::string address(bool of_a) { return of_a ? "10.9.0.1" : "10.9.0.2"; }
  /** Takes a guest's NIC away with its namespace, and makes both anew. */
  static void unplug(const std::string& name) {
    REQUIRE(run("ip link del " + name + " && ip netns del " + name));
  }
  static void add(const std::string& name, const std::string& address) {
    const std::string inside = "ip netns exec " + name + " ", end = name + "-g";
    REQUIRE(run("ip link add " + name + " type veth peer name " + end + " && ip netns add " + name +
                " && ip link set " + end + " netns " + name + " && ip link set " + name +
                " master vmt-br up && " + inside + "ip link set lo up && " + inside + "ip link set " + end +
                " up && " + inside + "ip addr add " + address + "/24 dev " + end));
  }
};

/** Runs in a guest's network namespace, on a thread of its own. */
template <class Work>
void in_guest(const std::string& guest, Work work) {
  std::thread([&] {
    const Fd space(::open(("/run/netns/" + guest).c_str(), O_RDONLY | O_CLOEXEC));
    if (::setns(space.get(), CLONE_NEWNET) == 0) work();
  }).join();
}

inline sockaddr_in socket_address(const std::string& address, uint16_t port) {
  sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {}};
  inet_pton(AF_INET, address.c_str(), &at.sin_addr);
  return at;
}

/** A socket of a guest, bound to a port if one is given, and to an address. */
inline Fd guest_socket(const std::string& guest, int type, uint16_t port = 0,
                       const std::string& address = "0.0.0.0") {
  Fd opened;
  in_guest(guest, [&] {
    Fd fd(::socket(AF_INET, type | SOCK_CLOEXEC, 0));
    const int on = 1, bytes = 4 << 20;
    ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    ::setsockopt(fd.get(), SOL_SOCKET, SO_BROADCAST, &on, sizeof(on));
    ::setsockopt(fd.get(), SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes));
    const sockaddr_in at = socket_address(address, port);
    if (fd && ::bind(fd.get(), reinterpret_cast<const sockaddr*>(&at), sizeof(at)) == 0)
      opened = std::move(fd);
  });
  REQUIRE(opened);
  return opened;
}

}  // namespace vmoat::test
