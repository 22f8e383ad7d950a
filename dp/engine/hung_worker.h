// For tests: a worker that does nothing for a while, and lives.
#pragma once

#include <doctest/doctest.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <string>

namespace vmoat::test {

/** The thread with this name, 0 where there is none. */
inline pid_t thread_named(const std::string& name) {
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/task")) {
    std::string read;
    std::getline(std::ifstream(entry.path() / "comm"), read);
    if (read == name) return std::stoi(entry.path().filename());
  }
  return 0;
}

inline std::atomic<bool> hangs;

/** The worker hangs while this lives. */
class HungWorker {
 public:
  HungWorker() {
    struct sigaction hang = {};
    hang.sa_handler = [](int) {
      while (hangs) ::usleep(1000);
    };
    ::sigaction(SIGUSR1, &hang, &before_);
    hangs = true;
    REQUIRE(::syscall(SYS_tgkill, ::getpid(), thread_named("vmoat-w0"), SIGUSR1) == 0);
  }
  ~HungWorker() {
    hangs = false;
    ::usleep(50'000);
    ::sigaction(SIGUSR1, &before_, nullptr);
  }

 private:
  struct sigaction before_ = {};
};

}  // namespace vmoat::test
