// Netlink: one rtnetlink socket; requests with their answer, dumps, and events of groups.
#pragma once

#include <libmnl/libmnl.h>

#include <functional>
#include <memory>

#include "base/result.h"

namespace vmoat {

/** Building space for one request, and its reading. */
class NetlinkMessage {
 public:
  NetlinkMessage(uint16_t type, uint16_t flags);
  nlmsghdr* header() { return reinterpret_cast<nlmsghdr*>(buffer_); }
  /** Room for the fixed struct behind the header (ifinfomsg, tcmsg, …), zeroed. Once, before attributes. */
  template <class T>
  T& body() {
    return *static_cast<T*>(mnl_nlmsg_put_extra_header(header(), sizeof(T)));
  }

 private:
  alignas(nlmsghdr) char buffer_[1024];
};

using NetlinkReader = std::function<void(const nlmsghdr&)>;

class Netlink {
 public:
  /** Opens a socket in the calling thread's network namespace. `groups`: RTMGRP_ bits to hear of. */
  static Result<Netlink> open(unsigned groups = 0);
  [[nodiscard]] int fd() const { return mnl_socket_get_fd(socket_.get()); }
  /** Sends and waits for the kernel's acknowledgement. The Error carries the kernel's errno. */
  Status request(NetlinkMessage& message);
  /** Sends a request for one thing and reads it. The Error carries the kernel's errno. */
  Status get(NetlinkMessage& message, const NetlinkReader& read);
  /** Sends a dump request and reads every part. EINTR in the Error: the table changed meanwhile, ask again.
   */
  Status dump(NetlinkMessage& message, const NetlinkReader& read);
  /** Reads the events that wait, never blocks. ENOBUFS in the Error: some were lost, dump again. */
  Status events(const NetlinkReader& read);

 private:
  struct Close {
    void operator()(mnl_socket* socket) const { mnl_socket_close(socket); }
  };
  explicit Netlink(mnl_socket* socket) : socket_(socket) {}
  Status send(NetlinkMessage& message);
  Status receive(const NetlinkReader& read);

  std::unique_ptr<mnl_socket, Close> socket_;
  uint32_t sequence_ = 0;
};

/** Calls back for each attribute behind a struct of `size` bytes. */
void each_attribute(const nlmsghdr& message, size_t size, const std::function<void(const nlattr&)>& read);
void each_nested(const nlattr& nest, const std::function<void(const nlattr&)>& read);
/** The attribute as a number or text; 0 or empty where its length does not fit. */
uint32_t as_u32(const nlattr& attribute);
std::string as_string(const nlattr& attribute);

}  // namespace vmoat
