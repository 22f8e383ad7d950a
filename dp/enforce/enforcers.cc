// The enforcers there are.
#include <linux/membarrier.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>

#include "enforce/enforcer.h"

namespace vmoat {

std::span<const EnforcerKind> enforcers() {
  static const std::array all = {splice_enforcer, inplace_enforcer};
  return all;
}

/** The kernel makes this call wait for all readers under RCU, as programs and the bridge's flooding are
 * (membarrier(2)). */
void let_pass() {
  constexpr useconds_t instead = 50'000;  // with nohz_full there is no such call
  if (::syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0) != 0) ::usleep(instead);
}

}  // namespace vmoat
