// Netlink over libmnl.
#include "plumb/netlink.h"

#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <cstring>
#include <vector>

namespace vmoat {
namespace {

constexpr size_t receive_bytes = 65536;
constexpr int event_queue_bytes = 4 << 20;

int hand_over(const nlmsghdr* message, void* read) {
  (*static_cast<const NetlinkReader*>(read))(*message);
  return MNL_CB_OK;
}

}  // namespace

NetlinkMessage::NetlinkMessage(uint16_t type, uint16_t flags) {
  std::memset(buffer_, 0, sizeof(buffer_));
  nlmsghdr* header = mnl_nlmsg_put_header(buffer_);
  header->nlmsg_type = type;
  header->nlmsg_flags = NLM_F_REQUEST | flags;
}

Result<Netlink> Netlink::open(unsigned groups) {
  mnl_socket* socket = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
  if (!socket) return system_error("open netlink");
  Netlink netlink(socket);
  if (mnl_socket_bind(socket, groups, MNL_SOCKET_AUTOPID) < 0) return system_error("bind netlink");
  // FORCE needs CAP_NET_ADMIN; without it the default queue only overruns sooner
  ::setsockopt(netlink.fd(), SOL_SOCKET, SO_RCVBUFFORCE, &event_queue_bytes, sizeof(event_queue_bytes));
  return netlink;
}

Status Netlink::send(NetlinkMessage& message) {
  message.header()->nlmsg_seq = ++sequence_;
  if (mnl_socket_sendto(socket_.get(), message.header(), message.header()->nlmsg_len) < 0)
    return system_error("send netlink request");
  return success();
}

Status Netlink::receive(const NetlinkReader& read) {
  std::vector<char> buffer(receive_bytes);
  const unsigned port = mnl_socket_get_portid(socket_.get());
  for (;;) {
    const ssize_t got = mnl_socket_recvfrom(socket_.get(), buffer.data(), buffer.size());
    if (got < 0) return system_error("receive from netlink");
    const int state = mnl_cb_run(buffer.data(), static_cast<size_t>(got), sequence_, port, hand_over,
                                 const_cast<NetlinkReader*>(&read));
    if (state == MNL_CB_ERROR) return system_error("netlink");
    if (state == MNL_CB_STOP) return success();
  }
}

Status Netlink::request(NetlinkMessage& message) {
  return get(message, [](const nlmsghdr&) {});
}

Status Netlink::get(NetlinkMessage& message, const NetlinkReader& read) {
  message.header()->nlmsg_flags |= NLM_F_ACK;
  if (Status sent = send(message); !sent) return sent;
  return receive(read);
}

Status Netlink::dump(NetlinkMessage& message, const NetlinkReader& read) {
  message.header()->nlmsg_flags |= NLM_F_DUMP;
  if (Status sent = send(message); !sent) return sent;
  return receive(read);
}

Status Netlink::events(const NetlinkReader& read) {
  std::vector<char> buffer(receive_bytes);
  for (;;) {
    const ssize_t got = ::recv(fd(), buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return success();
    if (got < 0) return system_error("netlink events");
    if (mnl_cb_run(buffer.data(), static_cast<size_t>(got), 0, 0, hand_over,
                   const_cast<NetlinkReader*>(&read)) < 0)
      return system_error("netlink events");
  }
}

// libmnl's own loops assign void pointers, which C++ refuses
void each_attribute(const nlmsghdr& message, size_t size, const std::function<void(const nlattr&)>& read) {
  const auto* at = static_cast<const nlattr*>(mnl_nlmsg_get_payload_offset(&message, size));
  const auto* end = static_cast<const char*>(mnl_nlmsg_get_payload_tail(&message));
  for (; mnl_attr_ok(at, static_cast<int>(end - reinterpret_cast<const char*>(at))); at = mnl_attr_next(at))
    read(*at);
}

void each_nested(const nlattr& nest, const std::function<void(const nlattr&)>& read) {
  const auto* at = static_cast<const nlattr*>(mnl_attr_get_payload(&nest));
  const char* end = reinterpret_cast<const char*>(at) + mnl_attr_get_payload_len(&nest);
  for (; mnl_attr_ok(at, static_cast<int>(end - reinterpret_cast<const char*>(at))); at = mnl_attr_next(at))
    read(*at);
}

uint32_t as_u32(const nlattr& attribute) {
  uint32_t value = 0;
  const uint16_t length = mnl_attr_get_payload_len(&attribute);
  if (length <= sizeof(value)) std::memcpy(&value, mnl_attr_get_payload(&attribute), length);
  return value;
}

std::string as_string(const nlattr& attribute) {
  const char* text = static_cast<const char*>(mnl_attr_get_payload(&attribute));
  return {text, strnlen(text, mnl_attr_get_payload_len(&attribute))};
}

}  // namespace vmoat
