// The loads. The client runs on the first CPU, the server on the second, as two guests' vCPUs would.
#include "guests/traffic.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <latch>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "guests/scene.h"

namespace vmoat::bench {
namespace {

constexpr uint16_t port = 5001;
constexpr size_t chunk = 128 * 1024;
constexpr size_t datagram = 18;  // 14 + 20 + 8 + 18 + 4 FCS = 64
constexpr unsigned batch = 32;

sockaddr_in server_address(uint64_t number = 0) {
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(0x0a630101 + static_cast<uint32_t>(number % server_addresses));
  return address;
}

Fd open_socket(int type) {
  Fd fd(::socket(AF_INET, type | SOCK_CLOEXEC, 0));
  const int on = 1;
  ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  if (type == SOCK_STREAM) ::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  const timeval limit = {0, 200000};
  ::setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
  const timeval patience = {1, 0};  // of connect(2) too, where nothing gets through
  ::setsockopt(fd.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
  return fd;
}

Fd listen_here() {
  Fd fd = open_socket(SOCK_STREAM);
  sockaddr_in address = server_address();
  address.sin_addr.s_addr = INADDR_ANY;
  ::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address));
  ::listen(fd.get(), 1024);
  return fd;
}

/** By what Debian and most others have as their default, whatever this machine has. */
constexpr std::string_view congestion_control = "cubic";

Fd connect_to(uint64_t number = 0) {
  Fd fd = open_socket(SOCK_STREAM);
  ::setsockopt(fd.get(), IPPROTO_TCP, TCP_CONGESTION, congestion_control.data(), congestion_control.size());
  const sockaddr_in address = server_address(number);
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) return {};
  return fd;
}

void settle(const Fd& space, int cpu) {
  enter(space);
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(cpu % static_cast<int>(std::thread::hardware_concurrency()), &one);
  ::sched_setaffinity(0, sizeof(one), &one);
}

using Side = std::function<void(const std::atomic<bool>& stopping, std::latch& ready)>;

/** Runs both sides for the time given; the client begins when the server is ready. */
void play(const Ends& ends, const Side& client, const Side& server) {
  std::atomic<bool> stopping = false;
  std::latch ready(1), ignored(1);
  std::thread serving([&] { settle(ends.server, 1), server(stopping, ready); });
  std::thread asking([&] {
    settle(ends.client, 0);
    ready.wait();
    client(stopping, ignored);
  });
  ready.wait();
  ::usleep(static_cast<useconds_t>(ends.seconds * 1e6));
  stopping = true;
  asking.join();
  serving.join();
}

bool say(const Fd& peer, std::string_view words) {
  return ::send(peer.get(), words.data(), words.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(words.size());
}

bool hear(const Fd& peer) {
  std::array<char, 512> words;
  return ::recv(peer.get(), words.data(), words.size(), 0) > 0;
}

double quantile_us(const std::vector<int64_t>& sorted_ns, double share) {
  const auto at = static_cast<size_t>(share * static_cast<double>(sorted_ns.size() - 1));
  return static_cast<double>(sorted_ns[at]) / 1000;
}

Fd accept_one(const Fd& listener) {
  return Fd(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
}

}  // namespace

double bulk(const Ends& ends) {
  uint64_t received = 0;
  int64_t first_ns = 0, last_ns = 0;
  auto send = [&](const std::atomic<bool>& stopping, std::latch&) {
    const Fd peer = connect_to();
    const std::string data = ends.rest.empty() ? std::string(chunk, '\0') : std::string(ends.rest);
    ::send(peer.get(), ends.request.data(), ends.request.size(), MSG_NOSIGNAL);
    while (!stopping && ::send(peer.get(), data.data(), data.size(), MSG_NOSIGNAL) > 0) {
    }
  };
  auto receive = [&](const std::atomic<bool>&, std::latch& ready) {
    const Fd listener = listen_here();
    ready.count_down();
    const Fd peer = accept_one(listener);
    std::vector<char> data(chunk);
    first_ns = monotonic_ns();
    for (ssize_t got; (got = ::recv(peer.get(), data.data(), data.size(), 0)) > 0;)
      received += static_cast<uint64_t>(got);
    last_ns = monotonic_ns();
  };
  play(ends, send, receive);
  return static_cast<double>(received) * 8 / static_cast<double>(last_ns - first_ns);
}

double udp(const Ends& ends) {
  uint64_t received = 0;
  int64_t first_ns = 0, last_ns = 0;
  auto send = [](const std::atomic<bool>& stopping, std::latch&) {
    const Fd socket = open_socket(SOCK_DGRAM);
    const sockaddr_in to = server_address();
    ::connect(socket.get(), reinterpret_cast<const sockaddr*>(&to), sizeof(to));
    std::array<char, datagram> data = {};
    iovec part = {data.data(), data.size()};
    std::array<mmsghdr, batch> messages = {};
    for (mmsghdr& m : messages) m.msg_hdr.msg_iov = &part, m.msg_hdr.msg_iovlen = 1;
    while (!stopping) ::sendmmsg(socket.get(), messages.data(), batch, 0);
  };
  auto receive = [&](const std::atomic<bool>& stopping, std::latch& ready) {
    const Fd socket = open_socket(SOCK_DGRAM);
    const int room = 1 << 20;
    ::setsockopt(socket.get(), SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room));
    const sockaddr_in at = server_address();
    ::bind(socket.get(), reinterpret_cast<const sockaddr*>(&at), sizeof(at));
    std::array<std::array<char, 64>, batch> data;
    std::array<iovec, batch> parts;
    std::array<mmsghdr, batch> messages = {};
    for (unsigned i = 0; i < batch; i++) {
      parts[i] = {data[i].data(), data[i].size()};
      messages[i].msg_hdr.msg_iov = &parts[i], messages[i].msg_hdr.msg_iovlen = 1;
    }
    ready.count_down();
    first_ns = monotonic_ns();
    while (!stopping) {
      const int got = ::recvmmsg(socket.get(), messages.data(), batch, MSG_WAITFORONE, nullptr);
      if (got <= 0) continue;
      received += static_cast<uint64_t>(got);
      if (ends.done) *ends.done += static_cast<uint64_t>(got);
    }
    last_ns = monotonic_ns();
  };
  play(ends, send, receive);
  return static_cast<double>(received) * 1e9 / static_cast<double>(last_ns - first_ns);
}

double conn(const Ends& ends) {
  uint64_t done = 0;
  int64_t took_ns = 0;
  std::atomic<bool> client_gone = false;
  auto ask = [&](const std::atomic<bool>& stopping, std::latch&) {
    const int64_t first_ns = monotonic_ns();
    for (uint64_t tries = 0; !stopping; tries++) {
      const Fd peer = connect_to(tries);
      if (!peer || !say(peer, ends.request) || !hear(peer)) continue;
      done++;
      if (ends.done) ++*ends.done;
    }
    took_ns = monotonic_ns() - first_ns;
    client_gone = true;
  };
  auto serve = [&](const std::atomic<bool>&, std::latch& ready) {
    const Fd listener = listen_here();
    ready.count_down();
    while (!client_gone) {
      const Fd peer = accept_one(listener);
      if (peer && hear(peer)) say(peer, ends.reply);
    }
  };
  play(ends, ask, serve);
  return static_cast<double>(done) * 1e9 / static_cast<double>(took_ns);
}

RoundTrips round_trips(const Ends& ends) {
  std::vector<int64_t> trips;
  auto ask = [&](const std::atomic<bool>& stopping, std::latch&) {
    const Fd peer = connect_to();
    char byte = 'x';
    while (!stopping) {
      const int64_t from = monotonic_ns();
      if (::send(peer.get(), &byte, 1, MSG_NOSIGNAL) != 1 || ::recv(peer.get(), &byte, 1, 0) != 1) break;
      trips.push_back(monotonic_ns() - from);
    }
  };
  auto serve = [&](const std::atomic<bool>&, std::latch& ready) {
    const Fd listener = listen_here();
    ready.count_down();
    const Fd peer = accept_one(listener);
    char byte;
    while (::recv(peer.get(), &byte, 1, 0) == 1) (void)::send(peer.get(), &byte, 1, MSG_NOSIGNAL);
  };
  play(ends, ask, serve);
  if (trips.empty()) return {};
  std::sort(trips.begin(), trips.end());
  return {quantile_us(trips, .5), quantile_us(trips, .99), quantile_us(trips, .999)};
}

double rr(const Ends& ends) {
  return round_trips(ends).p50_us;
}

}  // namespace vmoat::bench
