// Protection of a macvtap: there is none, which is said, and what its guest sends and receives is counted the
// right way round.
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <poll.h>

#include "engine/protect_rig.h"

namespace vmoat::test {
namespace {

constexpr int sent_frames = 3, received_frames = 2;
constexpr size_t header_bytes = 10;  // of virtio-net, before each frame
const Mac mac = {0x02, 0, 0, 0, 0, 8}, far_mac = {0x02, 0, 0, 0, 0, 9};

/** A guest on a macvtap, and the network that its lower device leads to. */
struct MacvtapGuest {
  const std::string tap;
  Fd guest, network;

  explicit MacvtapGuest(const std::string& name) : tap(name) {
    REQUIRE(
        run("ip link add vmt-low type veth peer name vmt-far && ip link set vmt-low up && ip link set "
            "vmt-far up promisc on && ip link add link vmt-low name " +
            tap + " address 02:00:00:00:00:08 type macvtap mode bridge && ip link set " + tap + " up"));
    guest = Fd(::open(("/dev/tap" + std::to_string(::if_nametoindex(tap.c_str()))).c_str(),
                      O_RDWR | O_CLOEXEC | O_NONBLOCK));
    REQUIRE(guest);
    network = Fd(::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0));
    const int on = 1;
    ::setsockopt(network.get(), SOL_PACKET, PACKET_IGNORE_OUTGOING, &on, sizeof(on));
    sockaddr_ll at = {.sll_family = AF_PACKET,
                      .sll_protocol = htons(ETH_P_ALL),
                      .sll_ifindex = static_cast<int>(::if_nametoindex("vmt-far"))};
    REQUIRE(::bind(network.get(), reinterpret_cast<const sockaddr*>(&at), sizeof(at)) == 0);
  }
  [[nodiscard]] Buffer frame(bool is_sent) const {
    const Buffer datagram = udp(700, closed_port, text("vmoat"));
    return is_sent ? LiveNic::packet(mac, far_mac, 0x0a0b0001, 0x0a0b0002, IPPROTO_UDP, datagram)
                   : LiveNic::packet(far_mac, mac, 0x0a0b0002, 0x0a0b0001, IPPROTO_UDP, datagram);
  }
  [[nodiscard]] bool sends() const {
    const Buffer with_header = Buffer(header_bytes, 0) + frame(true);
    REQUIRE(::write(guest.get(), with_header.data(), with_header.size()) > 0);
    return next(network) == frame(true);
  }
  [[nodiscard]] bool receives() const {
    const Buffer bytes = frame(false);
    REQUIRE(::send(network.get(), bytes.data(), bytes.size(), 0) > 0);
    return next(guest) == Buffer(header_bytes, 0) + bytes;
  }

 private:
  static Buffer next(const Fd& from) {
    pollfd ready = {from.get(), POLLIN, 0};
    Buffer bytes(2048);
    const ssize_t got = ::poll(&ready, 1, 2000) == 1 ? ::read(from.get(), bytes.data(), bytes.size()) : 0;
    bytes.resize(static_cast<size_t>(std::max<ssize_t>(got, 0)));
    return bytes;
  }
};

}  // namespace

TEST_CASE("protect: a macvtap is observed only, says so, and is not cut off") {
  if (!has_root()) return;
  for (const HookChoice hook : hooks_here()) {
    GuardRig rig(hook);
    const MacvtapGuest guest(rig.lab.unique + "m");
    REQUIRE(rig.sink.slot_of(guest.tap) != no_slot);
    PolicyTables t = tables(++rig.generation, rig.lab, Mode::protect, true);
    t.nics.push_back({.tap = guest.tap, .groups = {0, 4}});
    rig.dp->policy(t);
    CHECK(wait_for([&] { return rig.is_guarded(); }));
    const auto protection = [&] { return rig.sink.protection_of(guest.tap); };
    CHECK(wait_for([&] { return protection().reason.find("observed only") != std::string::npos; }));
    CHECK(protection().state == NicProtection::State::off);
    CHECK(protection().enforcer.empty());
    for (int i = 0; i < sent_frames; i++) CHECK(guest.sends());
    for (int i = 0; i < received_frames; i++) CHECK(guest.receives());
    CHECK(wait_for([&] { return rig.sink.nic(guest.tap).packets[VMOAT_TO_NIC] >= received_frames; }));
    const TappedNic counted = rig.sink.nic(guest.tap);
    CHECK(counted.packets[VMOAT_FROM_NIC] == sent_frames);
    CHECK(counted.packets[VMOAT_TO_NIC] == received_frames);
    for (const auto& way : counted.protection.frames)
      for (const uint64_t frames : way) CHECK(frames == 0);
    CHECK(connect_to(rig.lab, closed_port) == ECONNREFUSED);
  }
}

}  // namespace vmoat::test
