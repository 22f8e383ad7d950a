// For tests: what the kernel they run on has. Nothing is left out because a feature was not found: a test
// says where it must be.
#pragma once

#include <doctest/doctest.h>

#include <cstdlib>
#include <vector>

#include "plumb/own_namespace.h"
#include "plumb/tcx.h"

namespace vmoat::test {

/** Debian 12's own (6.1), in the guest of test/kernel61: without TCX, with VLAN filtering and Open vSwitch.
 */
inline bool on_debian_kernel() {
  return std::getenv("VMOAT_DEBIAN_KERNEL") != nullptr;
}

/** Every hook that this kernel must have, as "by TCX", the preferred one first. */
inline std::vector<bool> hooks_by_tcx() {
  REQUIRE(has_tcx() != on_debian_kernel());
  return on_debian_kernel() ? std::vector{false} : std::vector{true, false};
}

/** Whether bridges filter VLANs here; on Debian's kernel they must. */
inline bool has_vlan_filtering() {
  const OwnNamespace space;
  const bool filters =
      run("ip link add vmt-vlan type bridge vlan_filtering 1 2>/dev/null && "
          "ip -d link show vmt-vlan | grep -q 'vlan_filtering 1'");
  if (on_debian_kernel()) REQUIRE(filters);
  if (!filters) MESSAGE("left out: this kernel's bridges filter no VLANs (test/kernel61 runs it)");
  return filters;
}

/** Whether there are Open vSwitch's module and ovs-dpctl; on Debian's kernel they must be. */
inline bool has_open_vswitch() {
  const OwnNamespace space;
  const bool switches = run("ovs-dpctl add-dp vmt-ovs 2>/dev/null");
  if (on_debian_kernel()) REQUIRE(switches);
  if (!switches) MESSAGE("left out: this kernel has no Open vSwitch (test/kernel61 runs it)");
  return switches;
}

}  // namespace vmoat::test
