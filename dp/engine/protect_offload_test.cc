// Protection of super-frames: what guests send with offloads reaches the other one whole, whether its flow is
// decided or it was held on its way, and every checksum is right.
#include "engine/offload_rig.h"

namespace vmoat::test {
namespace {

constexpr size_t bulk_bytes = 8 << 20, burst_bytes = 256 << 10;
/** Where a worker reads what is held; there is one of them. */
constexpr const char* divert = "moat0-in";

/** Sends bursts under one new policy after the other, which makes every verdict void, until one had to wait.
 */
bool bursts_until_held(BypassRig& rig, Stream& stream) {
  Lens held(divert);
  for (int i = 0; i < 100; i++) {
    rig.apply();
    if (!stream.carries(burst_bytes)) return false;
    if (super_frames(held.take()) > 0) return true;
  }
  return false;
}

void take_no_offloads_at_all(const BypassRig& rig) {
  for (const std::string& tap : {rig.rig.lab.a, rig.rig.lab.b}) take_no_offloads(tap);
}

constexpr uint8_t needs_checksum = 1, gso_tcp4 = 1, gso_tcp6 = 4, gso_udp = 5;  // linux/virtio_net.h
constexpr uint16_t vlan = 0x8100, vlan_id = 100, gso_size = 1000;

/** How a frame leaves its guest. */
struct Shape {
  const char* name;
  uint8_t proto;
  size_t payload;
  bool is_super = false, is_tagged = false;
};
const Shape shapes[] = {{"a datagram", proto_udp, 700},
                        {"a segment", proto_tcp, 700},
                        {"many datagrams", proto_udp, 40'000, true},
                        {"many segments", proto_tcp, 40'000, true},
                        {"as many as fit", proto_tcp, 65'400, true},
                        {"tagged, a datagram", proto_udp, 700, false, true},
                        {"tagged, a segment", proto_tcp, 700, false, true},
                        {"tagged, many datagrams", proto_udp, 40'000, true, true},
                        {"tagged, many segments", proto_tcp, 40'000, true, true}};

constexpr const Shape &one_segment = shapes[1], &many_segments = shapes[3];

/** The packet of a flow that no verdict is known of, and where its checksum goes. */
Seen frame_of(const Shape& shape, const Talk& talk) {
  const bool is_tcp = shape.proto == proto_tcp;
  const Buffer opening = text("OPTIONS sip:a SIP/2.0\r\n\r\n") + noise(shape.payload);
  const Buffer body = is_tcp ? talk.segment(open_port, ack | psh, 1000, noise(shape.payload))
                             : udp(talk.port(), application_port, opening);
  const auto start = static_cast<uint16_t>(14 + (talk.family == 6 ? 40 : 20));
  Offload offload = {.flags = needs_checksum,
                     .checksum_start = start,
                     .checksum_offset = static_cast<uint16_t>(is_tcp ? 16 : 6)};
  if (shape.is_super) {
    offload.gso_type = !is_tcp ? gso_udp : talk.family == 6 ? gso_tcp6 : gso_tcp4;
    offload.gso_size = gso_size;
    offload.header_bytes = static_cast<uint16_t>(start + (is_tcp ? 20 : 8));
  }
  return {.offload = offload,
          .bytes = talk.frame(talk.ip(shape.proto, body)),
          .tag = static_cast<uint16_t>(shape.is_tagged ? vlan_id : 0)};
}

/** Says that it carries so much less than it does. */
Seen hiding(Seen frame, uint16_t bytes, int family) {
  const size_t length_at = family == 6 ? 18 : 16;
  const auto said = static_cast<uint16_t>((frame.bytes[length_at] << 8 | frame.bytes[length_at + 1]) - bytes);
  const Buffer packed = be16(said);
  std::copy(packed.begin(), packed.end(), frame.bytes.begin() + static_cast<ptrdiff_t>(length_at));
  if (family == 6) return frame;
  const auto ip = frame.bytes.begin() + 14;
  const Buffer sealed = with_header_sum({ip, frame.bytes.end()});
  std::copy(sealed.begin(), sealed.end(), ip);
  return frame;
}

/** As its guest's driver hands it over: the tag in the bytes. */
void send(const std::string& guest, Seen frame) {
  if (frame.tag != 0) {
    const Buffer tag = be16(vlan) + be16(frame.tag);
    frame.bytes.insert(frame.bytes.begin() + 12, tag.begin(), tag.end());
    frame.offload.checksum_start += 4;
    if (frame.offload.gso_type != 0) frame.offload.header_bytes += 4;
  }
  in_guest(guest, [&] {
    const Fd out(::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0));
    const int on = 1;
    ::setsockopt(out.get(), SOL_PACKET, PACKET_VNET_HDR, &on, sizeof(on));
    sockaddr_ll at = {.sll_family = AF_PACKET,
                      .sll_ifindex = static_cast<int>(::if_nametoindex((guest + "-g").c_str()))};
    iovec parts[] = {{&frame.offload, sizeof(frame.offload)}, {frame.bytes.data(), frame.bytes.size()}};
    const msghdr message = {.msg_name = &at, .msg_namelen = sizeof(at), .msg_iov = parts, .msg_iovlen = 2};
    CHECK((out && ::sendmsg(out.get(), &message, 0) > 0));
  });
}

/** How much of a super-frame is headers is a hint, and another one at each interface. */
bool is_same(const Seen& one, const Seen& other) {
  const Offload &a = one.offload, &b = other.offload;
  return one.tag == other.tag && one.bytes == other.bytes && a.flags == b.flags && a.gso_type == b.gso_type &&
         a.gso_size == b.gso_size && a.checksum_start == b.checksum_start &&
         a.checksum_offset == b.checksum_offset;
}

bool comes(Lens& lens, const Seen& sent) {
  for (int i = 0; i < 400; i++, ::usleep(5'000))
    for (const Seen& seen : lens.take())
      if (is_same(seen, sent)) return true;
  return false;
}

/** One call of a guest's program, as many datagrams, of which the kernel makes one frame. */
bool carries_datagrams(const Ends& ends, int family, size_t count) {
  static uint16_t port = 50'000;  // of a flow that is not known yet
  const Fd from = socket_at(ends.sender, place_of(ends.from, family, ++port), SOCK_DGRAM);
  const Place to = place_of(ends.to, family, application_port);
  const Fd at = socket_at(ends.receiver, to, SOCK_DGRAM);
  const int segment = gso_size;
  REQUIRE(::setsockopt(from.get(), SOL_UDP, UDP_SEGMENT, &segment, sizeof(segment)) == 0);
  Buffer said = text("OPTIONS sip:a SIP/2.0\r\n\r\n") + noise(count * gso_size);
  said.resize(count * gso_size);
  if (::sendto(from.get(), said.data(), said.size(), 0, to.raw(), to.size) < 0) return false;
  Buffer heard;
  for (size_t i = 0; i < count; i++) {
    Buffer one(gso_size + 1);
    const ssize_t got = ::recv(at.get(), one.data(), one.size(), 0);
    if (got != gso_size) return false;
    one.resize(gso_size);
    heard = std::move(heard) + one;
  }
  return heard == said;
}

/** One that must not be cut, of a flow that no verdict is known of, and another one behind it. */
bool carries_in_one(const Ends& ends, int family, size_t bytes) {
  const Fd from = socket_at(ends.sender, place_of(ends.from, family, 0), SOCK_DGRAM);
  const Place to = place_of(ends.to, family, application_port);
  const Fd at = socket_at(ends.receiver, to, SOCK_DGRAM);
  const int whole = IP_PMTUDISC_DO, whole6 = IPV6_PMTUDISC_DO;
  ::setsockopt(from.get(), IPPROTO_IP, IP_MTU_DISCOVER, &whole, sizeof(whole));
  ::setsockopt(from.get(), IPPROTO_IPV6, IPV6_MTU_DISCOVER, &whole6, sizeof(whole6));
  for (int i = 0; i < 3; i++) {
    Buffer said = text("OPTIONS sip:a SIP/2.0\r\n\r\n") + noise(bytes), heard(bytes + 1);
    said.resize(bytes);
    if (::sendto(from.get(), said.data(), said.size(), 0, to.raw(), to.size) < 0) return false;
    if (::recv(at.get(), heard.data(), heard.size(), 0) != static_cast<ssize_t>(bytes)) return false;
    heard.resize(bytes);
    if (heard != said) return false;
  }
  return true;
}

/** At both ends of both wires; whoever stands in for a tap follows. */
void set_mtu(const BypassRig& rig, int mtu) {
  const std::string to = " mtu " + std::to_string(mtu);
  for (const std::string& tap : {rig.rig.lab.a, rig.rig.lab.b})
    REQUIRE(run("ip link set " + tap + to + " && ip -n " + tap + " link set " + tap + "-g" + to));
  CHECK(wait_for(
      [&] { return output_of("ip link show mp." + rig.rig.lab.b).find(to + " ") != std::string::npos; }));
}

constexpr const char* tunnel = "vmt-vx";

/** Between guests a and b; the inner addresses are 10.10.0.1 and 10.10.0.2, fd10::1 and fd10::2. */
void add_tunnel(const BypassRig& rig, int family) {
  const std::string outer = family == 6 ? "fd00:9::" : "10.9.0.";
  for (const auto& [guest, own, other] :
       {std::tuple{rig.rig.lab.a, "1", "2"}, std::tuple{rig.rig.lab.b, "2", "1"}})
    REQUIRE(run("ip -n " + guest + " link add " + tunnel + " type vxlan id 42 dstport 4789 local " + outer +
                own + " remote " + outer + other + " dev " + guest + "-g && ip -n " + guest +
                " addr add 10.10.0." + own + "/24 dev " + tunnel + " && ip -n " + guest + " addr add fd10::" +
                own + "/64 dev " + tunnel + " nodad && ip -n " + guest + " link set " + tunnel + " up"));
}
void remove_tunnel(const BypassRig& rig) {
  for (const std::string& guest : {rig.rig.lab.a, rig.rig.lab.b})
    REQUIRE(run("ip -n " + guest + " link del " + tunnel));
}

Ends inside(Ends ends) {
  for (End* end : {&ends.from, &ends.to}) {
    const uint8_t number = end->v4.back();
    end->v4 = {10, 10, 0, number};
    end->v6 = hex("fd100000000000000000000000000000");
    end->v6.back() = number;
  }
  return ends;
}

void allow_tunnels(BypassRig& rig) {
  PolicyTables t = rig.policy();
  for (const auto& [from, to] : {std::pair{3u, 4u}, {4u, 3u}})
    t.rules.push_back({.number = static_cast<uint32_t>(t.rules.size() + 1),
                       .id = "tunnel",
                       .from = from,
                       .to = to,
                       .ports = {"udp/4789"},
                       .action = Verdict::allow});
  rig.rig.dp->policy(t);
}

}  // namespace

TEST_CASE("protect offload: super-frames of a decided flow stay whole") {
  each_bypass([](BypassRig& rig) {
    const Checksums checksums(rig);
    each_flow(rig, [](const Ends& ends, int family) {
      Stream stream(ends, family);
      CHECK(stream.carries(bulk_bytes));
      Lens lens(ends.receiver, ends.receiver + "-g"), held(divert);
      CHECK(stream.carries(bulk_bytes));
      CHECK(super_frames(held.take()) == 0);
      const std::vector<Seen> seen = lens.take();
      CHECK(longest(seen) > 30'000);
      CHECK(seen.size() < bulk_bytes / 10'000);
    });
    checksums.check();
  });
}

TEST_CASE("protect offload: super-frames that were held on their way stay whole") {
  each_bypass([](BypassRig& rig) {
    const Checksums checksums(rig);
    each_flow(rig, [&](const Ends& ends, int family) {
      Stream stream(ends, family);
      CHECK(stream.carries(bulk_bytes));
      for (int round = 0; round < 3; round++) {
        Lens lens(ends.receiver, ends.receiver + "-g");
        CHECK(bursts_until_held(rig, stream));
        CHECK(stream.carries(burst_bytes));
        const std::vector<Seen> seen = lens.take();
        CHECK(super_frames(seen) > seen.size() / 2);
      }
    });
    checksums.check();
  });
}

TEST_CASE("protect offload: a NIC that takes no super-frames gets them cut and sealed") {
  each_bypass([](BypassRig& rig) {
    take_no_offloads_at_all(rig);
    const Checksums checksums(rig);
    each_flow(rig, [&](const Ends& ends, int family) {
      Stream stream(ends, family);
      Lens lens(ends.receiver, ends.receiver + "-g");
      CHECK(stream.carries(bulk_bytes));
      CHECK(bursts_until_held(rig, stream));
      CHECK(stream.carries(burst_bytes));
      CHECK(longest(lens.take()) < plain_frame);
    });
    checksums.check();
  });
}

TEST_CASE("protect offload: what was held goes on as it came, its virtio-net header included") {
  each_bypass([](BypassRig& rig) {
    for (const Shape& shape : shapes)
      for (const vmoat_way way : {VMOAT_TO_NIC, VMOAT_FROM_NIC})
        for (const int family : {4, 6}) {
          if (shape.is_tagged && way == VMOAT_FROM_NIC) continue;  // to nobody that a rule could name
          if (shape.proto == proto_udp && shape.is_super && on_debian_kernel())
            continue;  // nobody can send it
          CAPTURE(shape.name);
          CAPTURE(static_cast<int>(way));
          CAPTURE(family);
          const Ends ends(rig, way);
          Lens lens(ends.receiver, ends.receiver + "-g"), held(divert);
          const Seen sent = frame_of(shape, rig.talk(way, family));
          send(ends.sender, sent);
          CHECK(comes(lens, sent));
          CHECK(longest(held.take()) >= sent.bytes.size());
        }
  });
}

TEST_CASE("protect offload: a super-frame whose IP header tells of less than it carries goes nowhere") {
  each_bypass([](BypassRig& rig) {
    each_flow(rig, [&](const Ends& ends, int family) {
      const vmoat_way way = ends.receiver == rig.rig.lab.b ? VMOAT_TO_NIC : VMOAT_FROM_NIC;
      Lens lens(ends.receiver, ends.receiver + "-g"), held(divert);
      for (const uint16_t hidden : {1, 700, 20'000})
        send(ends.sender, hiding(frame_of(many_segments, rig.talk(way, family)), hidden, family));
      const Seen honest = frame_of(one_segment, rig.talk(way, family));
      send(ends.sender, honest);
      size_t most = 0;
      CHECK(wait_for([&] {
        const std::vector<Seen> seen = lens.take();
        most = std::max(most, longest(seen));
        return std::ranges::any_of(seen, [&](const Seen& one) { return is_same(one, honest); });
      }));
      CHECK(most <= plain_frame);
      CHECK(super_frames(held.take()) == 3);
    });
  });
}

TEST_CASE("protect offload: many datagrams in one frame arrive one by one, held and decided") {
  each_bypass([](BypassRig& rig) {
    const Checksums checksums(rig);
    for (const bool cut : {false, true}) {
      CAPTURE(cut);
      if (cut) take_no_offloads_at_all(rig);
      each_flow(rig, [](const Ends& ends, int family) {
        Lens held(divert);
        for (const size_t count : {2u, 40u, 60u}) CHECK(carries_datagrams(ends, family, count));
        CHECK(super_frames(held.take()) == (on_debian_kernel() ? 0 : 3));  // they are cut for us there
      });
    }
    checksums.check();
  });
}

TEST_CASE("protect offload: jumbo frames, and an MTU that changes under a connection") {
  each_bypass([](BypassRig& rig) {
    const Checksums checksums(rig);
    set_mtu(rig, 9000);
    each_flow(rig, [](const Ends& ends, int family) {
      CHECK(carries_in_one(ends, family, 8900));
      CHECK(Stream(ends, family).carries(bulk_bytes));
    });
    Stream stream(Ends(rig, VMOAT_TO_NIC), 4);
    for (const int mtu : {1500, 9000, 1400}) {
      CAPTURE(mtu);
      std::thread changing([&] { set_mtu(rig, mtu); });
      CHECK(stream.carries(bulk_bytes));
      changing.join();
      CHECK(stream.carries(bulk_bytes));
    }
    checksums.check();
  });
}

TEST_CASE("protect offload: super-frames inside VXLAN arrive") {
  each_bypass([](BypassRig& rig) {
    const Checksums checksums(rig);
    allow_tunnels(rig);
    for (const int outer : {4, 6}) {
      CAPTURE(outer);
      add_tunnel(rig, outer);
      each_flow(rig, [](const Ends& ends, int family) {
        Stream stream(inside(ends), family);
        CHECK(stream.carries(bulk_bytes));
      });
      remove_tunnel(rig);
    }
    checksums.check();
  });
}

}  // namespace vmoat::test
