// For tests: numbered datagrams from one guest to another, and which of them came.
#pragma once

#include <sched.h>

#include <algorithm>
#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "plumb/guest_lab.h"

namespace vmoat::test {

/** Some a millisecond, to an address or to all, while it lives. */
class Numbers {
 public:
  static constexpr uint16_t usual_port = 9999;

  Numbers(const std::string& from, const std::string& to, const char* address, uint32_t per_ms = 20,
          uint16_t port = usual_port)
      : out_(guest_socket(from, SOCK_DGRAM)), in_(guest_socket(to, SOCK_DGRAM, port)) {
    sender_ = std::thread([this, at = socket_address(address, port), per_ms] {
      stay();
      for (uint32_t n = 0; !stop_ && n < numbers_max; n++) {
        send(n, at);
        if (n % per_ms == per_ms - 1) ::usleep(1000);
      }
    });
    receiver_ = std::thread([this] { receive(); });
  }
  ~Numbers() { finish(); }
  void finish() {
    stop_ = true;
    if (sender_.joinable()) sender_.join();
    if (receiver_.joinable()) receiver_.join();
  }
  void until(uint32_t sent) const {
    while (sent_ < sent) ::usleep(1000);
  }
  /** After finish(). */
  [[nodiscard]] uint32_t sent() const { return sent_; }
  [[nodiscard]] long lost() const { return std::count(seen_.begin(), seen_.begin() + sent_, 0); }
  [[nodiscard]] long doubled() const {
    return std::count_if(seen_.begin(), seen_.begin() + sent_, [](uint8_t times) { return times > 1; });
  }
  [[nodiscard]] long overtaken() const { return overtaken_; }

 private:
  /** What one thread sends from two processors may overtake itself anywhere. */
  static void stay() {
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(static_cast<size_t>(::sched_getcpu()), &one);
    (void)::sched_setaffinity(0, sizeof one, &one);
  }
  void send(uint32_t n, const sockaddr_in& at) {
    while (::sendto(out_.get(), &n, sizeof(n), 0, reinterpret_cast<const sockaddr*>(&at), sizeof(at)) < 0 &&
           !stop_)
      ::usleep(100);
    sent_ = n + 1;
  }
  void receive() {
    const timeval wait = {.tv_usec = 200'000};
    ::setsockopt(in_.get(), SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
    for (uint32_t n, highest = 0;;) {
      const bool got = ::recv(in_.get(), &n, sizeof(n), 0) == sizeof(n);
      if (!got && stop_) return;
      if (!got || n >= numbers_max) continue;
      seen_[n]++;
      overtaken_ += n < highest;
      highest = std::max(n, highest);
    }
  }

  static constexpr uint32_t numbers_max = 4'000'000;
  Fd out_, in_;
  std::vector<uint8_t> seen_ = std::vector<uint8_t>(numbers_max);
  std::atomic<bool> stop_ = false;
  std::atomic<uint32_t> sent_ = 0;
  long overtaken_ = 0;
  std::thread sender_, receiver_;
};

}  // namespace vmoat::test
