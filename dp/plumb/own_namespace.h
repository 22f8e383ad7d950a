// For tests: a network namespace of our own, empty and without IPv6.
#pragma once

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

#include <cstdlib>
#include <string>
#include <string_view>

#include "base/fd.h"

namespace vmoat::test {

/** Whether a test that needs root may run: without it, it is left out, or fails under VMOAT_REQUIRE=all. */
inline bool has_root() {
  if (::geteuid() == 0) return true;
  const char* require = std::getenv("VMOAT_REQUIRE");
  if (require && std::string_view(require) == "all") FAIL("needs root");
  MESSAGE("left out: needs root");
  return false;
}

/** The calling thread is in a new, empty network namespace while this lives. */
class OwnNamespace {
 public:
  OwnNamespace() : before_(::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC)) {
    REQUIRE(::unshare(CLONE_NEWNET) == 0);
    // the host's own neighbour discovery would come between the frames that a test counts
    const Fd file(::open("/proc/sys/net/ipv6/conf/default/disable_ipv6", O_WRONLY | O_CLOEXEC));
    if (file) REQUIRE(::write(file.get(), "1", 1) == 1);
  }
  ~OwnNamespace() { (void)::setns(before_.get(), CLONE_NEWNET); }

 private:
  Fd before_;
};

/** What a shell command in the calling thread's namespace prints. */
inline std::string output_of(const std::string& command) {
  std::string text;
  char part[4096];
  FILE* shown = ::popen(command.c_str(), "r");
  while (size_t got = std::fread(part, 1, sizeof(part), shown)) text.append(part, got);
  ::pclose(shown);
  return text;
}

/** Likewise; true where it succeeded. */
inline bool run(const std::string& command) {
  return std::system((command + " >/dev/null").c_str()) == 0;
}

}  // namespace vmoat::test
