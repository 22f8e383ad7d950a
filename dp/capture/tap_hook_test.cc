// Attaching: under TCX and under clsact, on real tap devices in a namespace of our own.
#include "capture/tap_hook.h"

#include <doctest/doctest.h>

#include <atomic>
#include <filesystem>
#include <thread>

#include "capture/kernel_fixture.h"
#include "capture/tap_fixture.h"
#include "capture/test_frame.h"
#include "plumb/qdisc.h"

using namespace vmoat;
using namespace vmoat::test;

namespace {

std::vector<uint8_t> datagram(uint16_t port, size_t payload = 20) {
  return TestFrame().ipv4(17).udp(port, 53).payload(payload).done();
}

/** struct virtio_net_hdr (linux/virtio_net.h, which C++ cannot read): TCP over IPv4, checksum and cuts to be
 * made. */
struct SuperFrameHeader {
  uint8_t flags = 1;     // NEEDS_CSUM
  uint8_t gso_type = 1;  // TCPV4
  uint16_t header_length = 54, gso_size = 1448, checksum_start = 34, checksum_offset = 16;
};

/** A namespace with one tap and the programs loaded, nothing attached. */
struct Scene {
  OwnNamespace space;
  KernelFixture kernel;
  TestTap tap{"vmt-tap0"};
  Netlink netlink = std::move(*Netlink::open());
  std::string links = tap_links("/sys/fs/bpf/vmt-" + std::to_string(::getpid()));

  static constexpr uint16_t slot = 3;

  explicit Scene(uint32_t opening_bytes = 100) : kernel(settings(opening_bytes)) {
    REQUIRE(kernel.kernel->set_tap(id(), {.slot = slot, .counts_sent = 1}).ok());
  }
  static vmoat_settings settings(uint32_t opening_bytes) {
    auto s = KernelFixture::default_settings();
    s.opening_bytes = opening_bytes;
    return s;
  }
  [[nodiscard]] vmoat_tap_id id() const { return {*own_netns(), tap.ifindex()}; }
  TapAttached attach(const TapHook& hook, bool bandwidth = false) {
    auto done = hook.attach(netlink, {tap.ifindex(), false, bandwidth}, kernel.kernel->programs(), links);
    if (!done) FAIL(done.error().what);
    return *done;
  }
  void detach(const TapHook& hook, bool made_qdisc) {
    CHECK(hook.detach(netlink, tap.ifindex(), links, made_qdisc).ok());
  }
  vmoat_nic_counters counted() { return kernel.kernel->nic_counters(slot); }
};

const std::string add_ingress = "tc qdisc add dev vmt-tap0 ingress";

std::vector<const TapHook*> hooks_here() {
  std::vector<const TapHook*> hooks;
  for (const TapHook& hook : tap_hooks())
    if (hook.available()) hooks.push_back(&hook);
  return hooks;
}

}  // namespace

TEST_CASE("tap hooks: both ways are counted, and nothing after detaching") {
  if (!has_root()) return;
  for (const TapHook* hook : hooks_here()) {
    CAPTURE(hook->name);
    Scene scene;
    const TapAttached attached = scene.attach(*hook);
    CHECK(attached.sent);
    CHECK(attached.received);
    CHECK(attached.reason.empty());
    scene.tap.send(datagram(1));
    scene.tap.deliver(datagram(2));
    scene.tap.deliver(datagram(2));
    CHECK(scene.counted().packets[VMOAT_FROM_NIC] == 1);
    CHECK(scene.counted().packets[VMOAT_TO_NIC] == 2);
    scene.detach(*hook, attached.made_qdisc);
    scene.tap.send(datagram(1));
    CHECK(scene.counted().packets[VMOAT_FROM_NIC] == 1);
    CHECK(*ingress_qdisc(scene.netlink, scene.tap.ifindex()) == IngressQdisc::none);
    CHECK(std::filesystem::is_empty(scene.links));
  }
}

TEST_CASE("tap hooks: tags that the kernel takes out of the bytes, headers cut short") {
  if (!has_root()) return;
  for (const TapHook* hook : hooks_here()) {
    CAPTURE(hook->name);
    Scene scene;
    scene.attach(*hook);
    scene.kernel.events();
    scene.tap.send(TestFrame().vlan(100).ipv4(17).udp(1, 2).done());
    scene.tap.send(TestFrame().vlan(100, 0x88a8).vlan(200).ipv4(17).udp(1, 2).done());
    scene.tap.send(TestFrame().type(0x0800).put({0x45, 0, 0, 20}).done());
    const auto events = scene.kernel.events();
    std::vector<SeenEvent> sent;
    for (const auto& e : events)
      if (e.head.way == VMOAT_FROM_NIC) sent.push_back(e);
    REQUIRE(sent.size() == 3);
    CHECK(sent[0].head.tags[0] == 100);
    CHECK(sent[0].head.key.tags[0] == 100);
    CHECK(sent[0].head.key.far_port == 2);
    CHECK(sent[1].head.key.tags[0] == 100);
    CHECK(sent[1].head.key.tags[1] == 200);
    CHECK(sent[2].head.reason == VMOAT_ODD);
  }
}

TEST_CASE("tap hooks: super-frames are counted as they are seen, and cut visibly") {
  if (!has_root()) return;
  for (const TapHook* hook : hooks_here()) {
    CAPTURE(hook->name);
    Scene scene(VMOAT_WANT_ALL);
    const TestTap guest("vmt-tap1", true);
    REQUIRE(
        scene.kernel.kernel->set_tap({*own_netns(), guest.ifindex()}, {.slot = 4, .counts_sent = 1}).ok());
    REQUIRE(hook->attach(scene.netlink, {guest.ifindex(), false, false}, scene.kernel.kernel->programs(),
                         scene.links)
                .ok());
    for (size_t payload : {3000, 30000, 65000, 65495}) {
      auto frame = TestFrame().ipv4(6).tcp(1, 2, 0x10).payload(payload).done();
      const SuperFrameHeader head;
      const auto* bytes = reinterpret_cast<const uint8_t*>(&head);
      scene.kernel.events();
      std::vector<uint8_t> with_head(bytes, bytes + sizeof(head));
      with_head.insert(with_head.end(), frame.begin(), frame.end());
      guest.send(with_head);
      const auto events = scene.kernel.events();
      REQUIRE(!events.empty());
      const auto& e = events.front();
      CHECK(e.head.length == 54 + payload);
      CHECK(e.bytes.size() == std::min<size_t>(54 + payload, 65536 - sizeof(vmoat_event)));
      CHECK(std::equal(e.bytes.begin() + 54, e.bytes.end(), frame.begin() + 54));
    }
    CHECK(scene.kernel.kernel->nic_counters(4).packets[VMOAT_FROM_NIC] == 4);
  }
}

TEST_CASE("tap hooks: a macvtap guest sends on the device's egress side") {
  if (!has_root()) return;
  for (const TapHook* hook : hooks_here()) {
    CAPTURE(hook->name);
    Scene scene;
    REQUIRE(
        run("ip link add vmt-low type veth peer name vmt-far && ip link set vmt-low up && ip link set "
            "vmt-far up && "
            "ip link add link vmt-low name vmt-mvt type macvtap mode bridge && ip link set vmt-mvt up"));
    const uint32_t ifindex = ::if_nametoindex("vmt-mvt");
    REQUIRE(scene.kernel.kernel->set_tap({*own_netns(), ifindex}, {.slot = 4, .counts_sent = 1}).ok());
    REQUIRE(hook->attach(scene.netlink, {ifindex, true, false}, scene.kernel.kernel->programs(), scene.links)
                .ok());
    const Fd guest(::open(("/dev/tap" + std::to_string(ifindex)).c_str(), O_RDWR | O_CLOEXEC));
    REQUIRE(guest.get() >= 0);
    auto frame = datagram(1);
    frame.insert(frame.begin(), 10, 0);  // virtio-net header
    REQUIRE(::write(guest.get(), frame.data(), frame.size()) > 0);
    auto broadcast = datagram(2);
    std::fill_n(broadcast.begin(), 6, 0xff);
    send_on("vmt-far", broadcast);
    ::usleep(50'000);  // macvlan hands broadcasts to a work queue
    const auto counted = scene.kernel.kernel->nic_counters(4);
    CHECK(counted.packets[VMOAT_FROM_NIC] == 1);
    CHECK(counted.packets[VMOAT_TO_NIC] == 1);
  }
}

TEST_CASE("tap hooks: programs are replaced under traffic without a gap") {
  if (!has_root()) return;
  for (const TapHook* hook : hooks_here()) {
    CAPTURE(hook->name);
    Scene scene;
    scene.attach(*hook);
    std::atomic<bool> stop = false;
    uint64_t sent = 0;
    std::thread traffic([&] {
      const auto frame = datagram(1);
      for (; !stop; sent++)
        if (::write(scene.tap.fd(), frame.data(), frame.size()) < 0) break;
    });
    for (int i = 0; i < 4; i++) {
      auto again = TapKernel::open({.pin_root = "/sys/fs/bpf/vmt-" + std::to_string(::getpid()),
                                    .netns = *own_netns(),
                                    .flows_max = 4096,
                                    .ring_bytes = 1u << 20,
                                    .settings = KernelFixture::default_settings()});
      REQUIRE(again.ok());
      CHECK((*again)->adopted());
      scene.kernel.kernel = std::move(*again);
      scene.attach(*hook);
    }
    stop = true;
    traffic.join();
    CHECK(sent > 1000);
    CHECK(scene.counted().packets[VMOAT_FROM_NIC] == sent);
  }
}

TEST_CASE("tap hooks: TCX leaves the place of libvirt's ingress qdisc free") {
  if (!has_root() || !tcx_hook.available()) return;
  Scene scene;
  scene.attach(tcx_hook, true);
  CHECK(run(add_ingress));
  scene.tap.send(datagram(1));
  CHECK(scene.counted().packets[VMOAT_FROM_NIC] == 1);
}

TEST_CASE("tap hooks: clsact stands back where <bandwidth> is announced") {
  if (!has_root()) return;
  Scene scene;
  const TapAttached attached = scene.attach(clsact_hook, true);
  CHECK_FALSE(attached.sent);
  CHECK_FALSE(attached.reason.empty());
  CHECK(run(add_ingress));
}

TEST_CASE("tap hooks: clsact uses the ingress qdisc that is there, one way, and leaves it") {
  if (!has_root()) return;
  Scene scene;
  REQUIRE(run(add_ingress));
  const TapAttached attached = scene.attach(clsact_hook, true);
  CHECK(attached.sent);
  CHECK_FALSE(attached.received);
  CHECK_FALSE(attached.reason.empty());
  scene.tap.send(datagram(1));
  scene.tap.deliver(datagram(2));
  CHECK(scene.counted().packets[VMOAT_FROM_NIC] == 1);
  CHECK(scene.counted().packets[VMOAT_TO_NIC] == 0);
  scene.detach(clsact_hook, attached.made_qdisc);
  CHECK(*ingress_qdisc(scene.netlink, scene.tap.ifindex()) == IngressQdisc::ingress);
  CHECK(filters(scene.netlink, scene.tap.ifindex(), TrafficSide::ingress)->empty());
}

// What libvirt 9 runs for <bandwidth>, both ways (src/util/virnetdevbandwidth.c), its own clearing first.
// Many kernels of test machines lack parts of it; Debian's has all, and there this must run.
TEST_CASE("tap hooks: clsact beside libvirt's whole <bandwidth>") {
  if (!has_root()) return;
  const char* limits[] = {
      "tc qdisc add dev vmt-tap0 root handle 1: htb default 1",
      "tc class add dev vmt-tap0 parent 1: classid 1:1 htb rate 1000kbps ceil 2000kbps burst 100kb",
      "tc qdisc add dev vmt-tap0 parent 1:1 handle 2: sfq perturb 10",
      "tc filter add dev vmt-tap0 parent 1:0 protocol all prio 1 handle 1 fw flowid 1",
      "tc qdisc add dev vmt-tap0 ingress",
      ("tc filter add dev vmt-tap0 parent ffff: protocol all u32 match u32 0 0"
       " police rate 1000kbps burst 100kb mtu 64kb drop flowid :1")};
  Scene scene;
  CHECK_FALSE(scene.attach(clsact_hook, true).sent);
  for (const char* limit : limits) {
    const bool done = run(std::string(limit) + " 2>/dev/null");
    if (!done && std::getenv("VMOAT_DEBIAN_KERNEL") == nullptr) return;
    REQUIRE(done);
  }
  // 6.1 forgets under which parent it shows a filter once another one went
  const std::string shown =
      "(tc qdisc show dev vmt-tap0; tc filter show dev vmt-tap0 ingress) | sed 's/filter parent "
      "ffff:/filter/'";
  const std::string before = output_of(shown);
  const TapAttached attached = scene.attach(clsact_hook, true);
  CHECK(attached.sent);
  for (int i = 0; i < 3; i++) scene.tap.send(datagram(1));
  CHECK(scene.counted().packets[VMOAT_FROM_NIC] == 3);
  scene.detach(clsact_hook, attached.made_qdisc);
  CHECK(output_of(shown) == before);
}

TEST_CASE("tap hooks: a clsact that others use stays") {
  if (!has_root()) return;
  Scene scene;
  const TapAttached attached = scene.attach(clsact_hook);
  CHECK(attached.made_qdisc);
  REQUIRE(run("tc filter add dev vmt-tap0 ingress protocol all prio 9 u32 match u32 0 0 flowid :1"));
  scene.detach(clsact_hook, attached.made_qdisc);
  CHECK(*ingress_qdisc(scene.netlink, scene.tap.ifindex()) == IngressQdisc::clsact);
  const auto left = filters(scene.netlink, scene.tap.ifindex(), TrafficSide::ingress);
  for (const Filter& f : *left) CHECK(f.kind == "u32");
  CHECK_FALSE(left->empty());
}
