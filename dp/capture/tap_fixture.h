// For tests: tap devices in a network namespace of our own.
#pragma once

#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "base/fd.h"
#include "plumb/own_namespace.h"

namespace vmoat::test {

/** Sends a frame out of an interface, as the host would. */
inline void send_on(const std::string& interface, const std::vector<uint8_t>& frame) {
  const Fd socket(::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0));
  sockaddr_ll to = {};
  to.sll_family = AF_PACKET;
  to.sll_ifindex = static_cast<int>(::if_nametoindex(interface.c_str()));
  REQUIRE(::sendto(socket.get(), frame.data(), frame.size(), 0, reinterpret_cast<sockaddr*>(&to),
                   sizeof(to)) == static_cast<ssize_t>(frame.size()));
}

/** A tap device with the guest's end in our hand. */
class TestTap {
 public:
  explicit TestTap(const std::string& name, bool offloads = false)
      : name_(name), fd_(::open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK)) {
    ifreq request = {};
    request.ifr_flags = static_cast<short>(IFF_TAP | IFF_NO_PI | (offloads ? IFF_VNET_HDR : 0));
    name.copy(request.ifr_name, IFNAMSIZ - 1);
    REQUIRE(::ioctl(fd_.get(), TUNSETIFF, &request) == 0);
    if (offloads) REQUIRE(::ioctl(fd_.get(), TUNSETOFFLOAD, TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6) == 0);
    set_up(name);
    ifindex_ = ::if_nametoindex(name.c_str());
  }
  [[nodiscard]] uint32_t ifindex() const { return ifindex_; }
  [[nodiscard]] int fd() const { return fd_.get(); }
  /** The guest sends. */
  void send(const std::vector<uint8_t>& frame) const {
    REQUIRE(::write(fd_.get(), frame.data(), frame.size()) == static_cast<ssize_t>(frame.size()));
  }
  /** The host sends to the guest. */
  void deliver(const std::vector<uint8_t>& frame) const { send_on(name_, frame); }

 private:
  /** Up, and nobody's: the kernel's choice of a MAC is random, and one tap of 64 would say by its fe:… that
   * it is some other guest's. */
  static void set_up(const std::string& name) {
    const Fd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    ifreq request = {};
    name.copy(request.ifr_name, IFNAMSIZ - 1);
    REQUIRE(::ioctl(socket.get(), SIOCGIFHWADDR, &request) == 0);
    request.ifr_hwaddr.sa_data[0] = 2;
    REQUIRE(::ioctl(socket.get(), SIOCSIFHWADDR, &request) == 0);
    REQUIRE(::ioctl(socket.get(), SIOCGIFFLAGS, &request) == 0);
    request.ifr_flags |= IFF_UP;
    REQUIRE(::ioctl(socket.get(), SIOCSIFFLAGS, &request) == 0);
  }

  const std::string name_;
  Fd fd_;
  uint32_t ifindex_ = 0;
};

}  // namespace vmoat::test
