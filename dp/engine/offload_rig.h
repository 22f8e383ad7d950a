// For tests: guests whose own stacks send super-frames and partial checksums, and what comes by on the way.
#pragma once

#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <netinet/udp.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <cstring>
#include <random>

#include "enforce/divert.h"
#include "engine/bypass_rig.h"

namespace vmoat::test {

constexpr size_t plain_frame = 1518;  // no frame of an MTU of 1500 is longer, a tag included

/** A frame as an interface had it; its tag is in none of the bytes. */
struct Seen {
  Offload offload;
  Buffer bytes;
  uint16_t tag = 0;
};

/** All that comes in by an interface of a guest, or of the host where none is named. */
class Lens {
 public:
  explicit Lens(const std::string& interface) { open(interface); }
  Lens(const std::string& guest, const std::string& interface) {
    in_guest(guest, [&] { open(interface); });
    REQUIRE(fd_);
  }
  /** What has come since the last call. */
  std::vector<Seen> take() {
    std::vector<Seen> frames;
    for (Seen seen; read(seen);) frames.push_back(std::move(seen));
    return frames;
  }

 private:
  void open(const std::string& interface) {
    Fd fd(::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    const int on = 1, bytes = 256 << 20;
    for (const int option : {PACKET_VNET_HDR, PACKET_AUXDATA, PACKET_IGNORE_OUTGOING})
      ::setsockopt(fd.get(), SOL_PACKET, option, &on, sizeof(on));
    ::setsockopt(fd.get(), SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes));
    sockaddr_ll at = {.sll_family = AF_PACKET,
                      .sll_protocol = htons(ETH_P_ALL),
                      .sll_ifindex = static_cast<int>(::if_nametoindex(interface.c_str()))};
    if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&at), sizeof(at)) == 0) fd_ = std::move(fd);
  }
  bool read(Seen& seen) {
    seen = {.offload = {}, .bytes = Buffer(70'000)};
    iovec parts[] = {{&seen.offload, sizeof(seen.offload)}, {seen.bytes.data(), seen.bytes.size()}};
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(tpacket_auxdata))> control;
    msghdr message = {
        .msg_iov = parts, .msg_iovlen = 2, .msg_control = control.data(), .msg_controllen = control.size()};
    const ssize_t got = ::recvmsg(fd_.get(), &message, 0);
    if (got < static_cast<ssize_t>(sizeof(seen.offload))) return false;
    seen.bytes.resize(static_cast<size_t>(got) - sizeof(seen.offload));
    if (const cmsghdr* part = CMSG_FIRSTHDR(&message)) {
      tpacket_auxdata aux;
      std::memcpy(&aux, CMSG_DATA(part), sizeof(aux));
      seen.tag = aux.tp_vlan_tci;
    }
    return true;
  }

  Fd fd_;
};

inline size_t longest(const std::vector<Seen>& frames) {
  size_t most = 0;
  for (const Seen& seen : frames) most = std::max(most, seen.bytes.size());
  return most;
}
inline size_t super_frames(const std::vector<Seen>& frames) {
  return static_cast<size_t>(
      std::ranges::count_if(frames, [](const Seen& s) { return s.bytes.size() > plain_frame; }));
}

/** What the guests' stacks throw away for a wrong checksum. */
class Checksums {
 public:
  explicit Checksums(const BypassRig& rig) : guests_{rig.rig.lab.a, rig.rig.lab.b} {}
  /** None was wrong since this was made. */
  void check() const { CHECK(wrong() == before_); }

 private:
  [[nodiscard]] std::vector<int> wrong() const {
    std::vector<int> counts;
    counts.reserve(guests_.size());
    for (const std::string& guest : guests_)
      counts.push_back(std::stoi(output_of(
          "ip netns exec " + guest + " nstat -asz | awk '/CsumErrors/ { n += $2 } END { print n + 0 }'")));
    return counts;
  }

  std::vector<std::string> guests_;
  std::vector<int> before_ = wrong();
};

/** From now on the kernel cuts and seals whatever is sent out of the interface: its receiver checks it. */
inline void take_no_offloads(const std::string& interface) {
  ethtool_value off = {.cmd = ETHTOOL_STXCSUM, .data = 0};
  ifreq request = {};
  interface.copy(request.ifr_name, IFNAMSIZ - 1);
  request.ifr_data = reinterpret_cast<char*>(&off);
  const Fd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  REQUIRE(::ioctl(socket.get(), SIOCETHTOOL, &request) == 0);
}

/** Bytes that no two calls have in common. */
inline Buffer noise(size_t bytes) {
  static std::mt19937_64 next{20'240'131};
  Buffer made(bytes);
  for (size_t i = 0; i + 8 <= bytes; i += 8) {
    const uint64_t word = next();
    std::memcpy(&made[i], &word, sizeof(word));
  }
  return made;
}

struct Place {
  sockaddr_storage at = {};
  socklen_t size = 0;
  [[nodiscard]] const sockaddr* raw() const { return reinterpret_cast<const sockaddr*>(&at); }
};
inline Place place_of(const End& end, int family, uint16_t port) {
  Place place;
  if (family == 6) {
    auto& at = reinterpret_cast<sockaddr_in6&>(place.at);
    at.sin6_family = AF_INET6, at.sin6_port = htons(port), place.size = sizeof(at);
    std::memcpy(&at.sin6_addr, end.v6.data(), sizeof(at.sin6_addr));
  } else {
    auto& at = reinterpret_cast<sockaddr_in&>(place.at);
    at.sin_family = AF_INET, at.sin_port = htons(port), place.size = sizeof(at);
    std::memcpy(&at.sin_addr, end.v4.data(), sizeof(at.sin_addr));
  }
  return place;
}

/** A guest's socket, which waits for ten seconds at most. */
inline Fd socket_at(const std::string& guest, const Place& place, int type) {
  Fd opened;
  in_guest(guest, [&] {
    Fd fd(::socket(place.at.ss_family, type | SOCK_CLOEXEC, 0));
    const int on = 1, bytes = 16 << 20;
    const timeval patience = {10, 0};
    ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    ::setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    ::setsockopt(fd.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
    if (type == SOCK_DGRAM) ::setsockopt(fd.get(), SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes));
    if (::bind(fd.get(), place.raw(), place.size) == 0) opened = std::move(fd);
  });
  REQUIRE(opened);
  return opened;
}

/** Two guests, as one way of guest b's NIC has them. */
struct Ends {
  std::string sender, receiver;  // guests
  End from, to;

  Ends(const BypassRig& rig, vmoat_way way)
      : sender(way == VMOAT_TO_NIC ? rig.rig.lab.a : rig.rig.lab.b),
        receiver(way == VMOAT_TO_NIC ? rig.rig.lab.b : rig.rig.lab.a),
        from(way == VMOAT_TO_NIC ? rig.a : rig.b),
        to(way == VMOAT_TO_NIC ? rig.b : rig.a) {}
};

/** A TCP connection from the sender to the receiver. */
class Stream {
 public:
  Stream(const Ends& ends, int family, uint16_t port = open_port) {
    const Place to = place_of(ends.to, family, port);
    const Fd listening = socket_at(ends.receiver, to, SOCK_STREAM);
    REQUIRE(::listen(listening.get(), 1) == 0);
    from_ = socket_at(ends.sender, place_of(ends.from, family, 0), SOCK_STREAM);
    REQUIRE(::connect(from_.get(), to.raw(), to.size) == 0);
    to_ = Fd(::accept4(listening.get(), nullptr, nullptr, SOCK_CLOEXEC));
    const timeval patience = {10, 0};
    ::setsockopt(to_.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
  }
  /** Whether so many bytes arrive as they were sent. */
  bool carries(size_t bytes) {
    const Buffer said = noise(bytes);
    std::thread sending([&] {
      for (size_t at = 0; at < said.size();) {
        const ssize_t sent = ::send(from_.get(), &said[at], said.size() - at, MSG_NOSIGNAL);
        if (sent <= 0) return;
        at += static_cast<size_t>(sent);
      }
    });
    Buffer heard(bytes);
    const ssize_t got = ::recv(to_.get(), heard.data(), heard.size(), MSG_WAITALL);
    if (got != static_cast<ssize_t>(bytes)) ::shutdown(from_.get(), SHUT_RDWR);
    sending.join();
    return got == static_cast<ssize_t>(bytes) && heard == said;
  }

 private:
  Fd from_, to_;
};

/** Runs a test for both ways of guest b's NIC and both families. */
template <class Test>
void each_flow(const BypassRig& rig, Test test) {
  for (const vmoat_way way : {VMOAT_TO_NIC, VMOAT_FROM_NIC})
    for (const int family : {4, 6}) {
      CAPTURE(static_cast<int>(way));
      CAPTURE(family);
      test(Ends(rig, way), family);
    }
}

}  // namespace vmoat::test
