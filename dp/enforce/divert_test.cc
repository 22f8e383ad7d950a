// Held frames on their way to a worker.
#include "enforce/divert.h"

#include <doctest/doctest.h>
#include <linux/if_packet.h>
#include <sys/socket.h>

#include <array>

#include "enforce/wall.h"
#include "plumb/own_namespace.h"

namespace vmoat::test {

TEST_CASE("a frame that is held as soon as its worker's way is open gets there") {
  if (!has_root()) return;
  const OwnNamespace space;
  Netlink netlink = std::move(*Netlink::open());
  const Wall wall = std::move(*Wall::load());
  constexpr uint16_t slot = 5;
  std::array<uint8_t, 64> frame = {};
  frame[12] = frame[16] = 0x81;
  frame[15] = static_cast<uint8_t>(vmoat_divert_tag(slot, VMOAT_FROM_NIC, 0));
  const Fd guard(::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0));
  for (int i = 0; i < 50; i++) {
    auto divert = Divert::open(netlink, 0, wall.program(), 77);
    if (!divert) FAIL(divert.error().what);
    const sockaddr_ll way = {.sll_family = AF_PACKET, .sll_ifindex = static_cast<int>(divert->ifindex())};
    REQUIRE(::sendto(guard.get(), frame.data(), frame.size(), 0, reinterpret_cast<const sockaddr*>(&way),
                     sizeof(way)) == frame.size());
    size_t held = 0;
    (void)divert->read(8, [&](const HeldFrame& at) { held += at.slot == slot; });
    CHECK(held == 1);
  }
}

}  // namespace vmoat::test
