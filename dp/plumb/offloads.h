// Offloads of links by the ethtool ioctl (linux/ethtool.h).
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/result.h"

namespace vmoat {

/** From now on the kernel does this itself to what goes out of the link. `features`: names as `ethtool -k`
 * has them; those that the kernel does not know are left out. */
Status switch_off(const std::string& link, std::span<const std::string_view> features);

/** Whether a virtio-net header of this kernel can say that a frame holds many datagrams: Linux 6.2 or newer.
 */
bool describes_many_datagrams();

}  // namespace vmoat
