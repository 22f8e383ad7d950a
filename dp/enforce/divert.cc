// Held frames by AF_PACKET (packet(7)) with PACKET_VNET_HDR.
#include "enforce/divert.h"

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <sys/socket.h>

#include <array>
#include <cstring>
#include <string>
#include <utility>

#include "plumb/offloads.h"
#include "plumb/qdisc.h"
#include "plumb/veth.h"

namespace vmoat {
namespace {

constexpr size_t frame_bytes_max = 68 * 1024;
constexpr int queue_bytes = 16 << 20;  // the kernel doubles it; a NIC gets held_bytes_per_nic_max of that
constexpr const char* filter_name = "vmoat:wall";

constexpr const char* prefix = "moat";

/** Super-frames that a virtio-net header cannot describe: the kernel cuts them on their way to us. */
constexpr std::string_view not_described[] = {
    "tx-udp_tnl-segmentation",
    "tx-udp_tnl-csum-segmentation",
    "tx-gre-segmentation",
    "tx-gre-csum-segmentation",
    "tx-ipxip4-segmentation",
    "tx-ipxip6-segmentation",
    "tx-sctp-segmentation",
    "tx-esp-segmentation",
    "tx-gso-list",
    "tx-gso-partial",
    "tx-tunnel-remcsum-segmentation",
};
/** Likewise, where the kernel's header is older than them. */
constexpr std::string_view many_datagrams[] = {"tx-udp-segmentation"};

std::string near_name(uint32_t worker) {
  return prefix + std::to_string(worker);
}

Status have_cut(const std::string& link) {
  Status cut = switch_off(link, not_described);
  if (!cut || describes_many_datagrams()) return cut;
  return switch_off(link, many_datagrams);
}

bool set(const Fd& socket, int option, int value) {
  return ::setsockopt(socket.get(), SOL_PACKET, option, &value, sizeof(value)) == 0;
}

Result<Fd> packet_socket() {
  Fd socket(::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket) return system_error("open a packet socket");
  if (!set(socket, PACKET_VNET_HDR, 1)) return system_error("ask for offloads");
  return socket;
}

Result<Fd> receiver(uint32_t ifindex) {
  auto socket = packet_socket();
  if (!socket) return socket;
  if (!set(*socket, PACKET_AUXDATA, 1) || !set(*socket, PACKET_IGNORE_OUTGOING, 1))
    return system_error("ask for tags");
  ::setsockopt(socket->get(), SOL_SOCKET, SO_RCVBUFFORCE, &queue_bytes, sizeof(queue_bytes));
  sockaddr_ll at = {
      .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL), .sll_ifindex = static_cast<int>(ifindex)};
  if (::bind(socket->get(), reinterpret_cast<sockaddr*>(&at), sizeof(at)) != 0)
    return system_error("bind a packet socket");
  return socket;
}

/** What was sent counts against the socket until a guest takes it: some super-frames would fill it. */
Result<Fd> sender() {
  auto socket = packet_socket();
  if (socket) ::setsockopt(socket->get(), SOL_SOCKET, SO_SNDBUFFORCE, &queue_bytes, sizeof(queue_bytes));
  return socket;
}

Result<Fd> bypassing_sender() {
  auto socket = sender();
  if (socket && !set(*socket, PACKET_QDISC_BYPASS, 1)) return system_error("go past the queues");
  return socket;
}

/** By which programs know what they have judged already. */
Result<Fd> marking_sender(uint32_t mark) {
  auto socket = sender();
  if (socket && ::setsockopt(socket->get(), SOL_SOCKET, SO_MARK, &mark, sizeof(mark)) != 0)
    return system_error("mark what is sent");
  return socket;
}

bool send_by(const Fd& socket, uint32_t ifindex, const Offload& offload, Bytes bytes) {
  sockaddr_ll to = {.sll_family = AF_PACKET, .sll_ifindex = static_cast<int>(ifindex)};
  iovec parts[] = {{const_cast<Offload*>(&offload), sizeof(offload)},
                   {const_cast<uint8_t*>(bytes.data()), bytes.size()}};
  const msghdr message = {.msg_name = &to, .msg_namelen = sizeof(to), .msg_iov = parts, .msg_iovlen = 2};
  return ::sendmsg(socket.get(), &message, 0) >= 0;
}

/** The tag that the kernel's program put on; false where there is none. */
bool tag_of(msghdr& message, uint16_t& tag) {
  for (cmsghdr* part = CMSG_FIRSTHDR(&message); part != nullptr; part = CMSG_NXTHDR(&message, part)) {
    if (part->cmsg_level != SOL_PACKET || part->cmsg_type != PACKET_AUXDATA) continue;
    tpacket_auxdata aux;
    std::memcpy(&aux, CMSG_DATA(part), sizeof(aux));
    tag = aux.tp_vlan_tci;
    return (aux.tp_status & TP_STATUS_VLAN_VALID) != 0;
  }
  return false;
}

constexpr size_t tag_at = 12, tag_bytes = 4;  // after both MACs
constexpr uint16_t tag_id = 0xfff;

/** Says what both tags do, and takes the inner one out of the bytes, so that the frame is as it was. False
 * where it has none. */
bool take_tags(HeldFrame& held, uint16_t outer, std::span<uint8_t> bytes) {
  if (bytes.size() < tag_at + tag_bytes) return false;
  const auto inner = static_cast<uint16_t>(bytes[tag_at + 2] << 8 | bytes[tag_at + 3]);
  held.slot = (outer & tag_id) >> 1;
  held.way = outer & 1;
  held.sender = inner & tag_id;
  held.number = vmoat_held_number(outer, inner);
  std::memmove(bytes.data() + tag_bytes, bytes.data(), tag_at);
  held.bytes = bytes.subspan(tag_bytes);
  if (held.offload.leaves_checksum()) held.offload.checksum_start -= tag_bytes;
  if (held.offload.gso_type != 0) held.offload.header_bytes -= tag_bytes;
  return true;
}

}  // namespace

Divert::Divert(uint32_t ifindex, Sockets sockets)
    : ifindex_(ifindex), sockets_(std::move(sockets)), buffer_(frame_bytes_max) {}

Result<Divert::Sockets> Divert::sockets(uint32_t far, uint32_t reinjected) {
  auto in = receiver(far);
  if (!in) return std::move(in.error());
  auto out = bypassing_sender();
  if (!out) return std::move(out.error());
  auto marked = marking_sender(vmoat_delivered(reinjected));
  if (!marked) return std::move(marked.error());
  return Sockets{std::move(*in), std::move(*out), std::move(*marked)};
}

Result<Divert> Divert::open(Netlink& netlink, uint32_t worker, int wall, uint32_t reinjected) {
  if (Status gone = remove(netlink, worker); !gone) return std::move(gone.error());
  const auto number = static_cast<uint8_t>(worker);
  VethPair pair = {.near = {.name = near_name(worker), .mac = {0xfe, 0x77, 0, 0, 0, number}},
                   .far = {.name = near_name(worker) + "-in", .mac = {0xfe, 0x78, 0, 0, 0, number}},
                   .mtu = 65535,
                   .alias = "vmoat: takes held frames to worker " + std::to_string(worker)};
  if (Status made = make_veth(netlink, pair); !made) return std::move(made.error());
  if (Status cut = have_cut(pair.near.name); !cut) return std::move(cut.error()).in("have super-frames cut");
  const uint32_t far = pair.far.ifindex;
  if (Status added = add_clsact(netlink, far); !added) return std::move(added.error());
  if (Status walled = set_filter(netlink, far, TrafficSide::ingress, wall, filter_name); !walled)
    return std::move(walled.error());
  // the near end last: one that gets its carrier later drops what is sent until linkwatch has heard of that
  for (uint32_t end : {far, pair.near.ifindex})
    if (Status up = set_up(netlink, end); !up) return std::move(up.error());
  auto opened = sockets(far, reinjected);
  if (!opened) return std::move(opened.error());
  return Divert(pair.near.ifindex, std::move(*opened));
}

bool Divert::is_name(const std::string& link) {
  return link.size() > std::strlen(prefix) && link.starts_with(prefix) && link[std::strlen(prefix)] <= '9';
}

Status Divert::remove(Netlink& netlink, uint32_t worker) {
  const uint32_t left = ::if_nametoindex(near_name(worker).c_str());
  return left != 0 ? remove_link(netlink, left) : success();
}

size_t Divert::read(size_t most, const std::function<void(const HeldFrame&)>& take) {
  size_t count = 0;
  for (; count < most; count++) {
    HeldFrame held;
    iovec parts[] = {{&held.offload, sizeof(held.offload)}, {buffer_.data(), buffer_.size()}};
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(tpacket_auxdata))> control;
    msghdr message = {
        .msg_iov = parts, .msg_iovlen = 2, .msg_control = control.data(), .msg_controllen = control.size()};
    const ssize_t got = ::recvmsg(sockets_.in.get(), &message, MSG_DONTWAIT);
    if (got < 0 && errno == EAGAIN) return count;
    if (got < static_cast<ssize_t>(sizeof(held.offload))) return unread_++, count;
    uint16_t tag;
    const bool whole = tag_of(message, tag) && (message.msg_flags & MSG_TRUNC) == 0;
    if (!whole || !take_tags(held, tag, {buffer_.data(), static_cast<size_t>(got) - sizeof(held.offload)}))
      unread_++;
    else
      take(held);
  }
  return count;
}

bool Divert::send(uint32_t ifindex, const Offload& offload, Bytes bytes) const {
  return send_by(sockets_.out, ifindex, offload, bytes);
}

/** A super-frame is cut, for who takes none, on its way through the queue alone (packet_direct_xmit() of the
 * kernel drops it); the programs that it meets there know it by its mark. */
bool Divert::deliver(uint32_t tap, const Offload& offload, Bytes bytes) const {
  return send_by(offload.gso_type != 0 ? sockets_.marked : sockets_.out, tap, offload, bytes);
}

uint64_t Divert::take_lost() {
  tpacket_stats stats = {};
  socklen_t size = sizeof(stats);
  ::getsockopt(sockets_.in.get(), SOL_PACKET, PACKET_STATISTICS, &stats, &size);
  return stats.tp_drops + std::exchange(unread_, 0);
}

}  // namespace vmoat
