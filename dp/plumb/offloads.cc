// Features are bits, whose names and number the running kernel tells.
#include "plumb/offloads.h"

#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/utsname.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <vector>

#include "base/fd.h"

namespace vmoat {
namespace {

constexpr uint32_t names_max = 512;
constexpr size_t bits_of_block = 32;

/** A request of ethtool's: its head, and what it reads or writes behind that. */
template <class Head, class Item>
class Request {
 public:
  Request(Head head, size_t items) : bytes_(sizeof(Head) + items * sizeof(Item)) {
    std::memcpy(bytes_.data(), &head, sizeof(head));
  }
  [[nodiscard]] Item* items() { return reinterpret_cast<Item*>(bytes_.data() + sizeof(Head)); }
  Status ask(const std::string& link) {
    const Fd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    ifreq request = {};
    link.copy(request.ifr_name, IFNAMSIZ - 1);
    request.ifr_data = bytes_.data();
    if (::ioctl(socket.get(), SIOCETHTOOL, &request) < 0) return system_error("ask ethtool");
    return success();
  }

 private:
  std::vector<char> bytes_;
};

struct Name {
  char text[ETH_GSTRING_LEN];
};

Result<std::vector<Name>> feature_names(const std::string& link) {
  Request<ethtool_sset_info, uint32_t> count(
      {.cmd = ETHTOOL_GSSET_INFO, .sset_mask = uint64_t{1} << ETH_SS_FEATURES}, 1);
  if (Status asked = count.ask(link); !asked) return std::move(asked.error());
  const uint32_t known = std::min(*count.items(), names_max);
  Request<ethtool_gstrings, Name> names(
      {.cmd = ETHTOOL_GSTRINGS, .string_set = ETH_SS_FEATURES, .len = known}, known);
  if (Status asked = names.ask(link); !asked) return std::move(asked.error());
  return std::vector<Name>(names.items(), names.items() + known);
}

}  // namespace

bool describes_many_datagrams() {
  utsname kernel;
  if (::uname(&kernel) != 0) return false;
  int major = 0, minor = 0;
  if (std::sscanf(kernel.release, "%d.%d", &major, &minor) != 2) return false;
  return major > 6 || (major == 6 && minor >= 2);
}

Status switch_off(const std::string& link, std::span<const std::string_view> features) {
  auto names = feature_names(link);
  if (!names) return std::move(names.error());
  const auto blocks = static_cast<uint32_t>((names->size() + bits_of_block - 1) / bits_of_block);
  Request<ethtool_sfeatures, ethtool_set_features_block> off({.cmd = ETHTOOL_SFEATURES, .size = blocks},
                                                             blocks);
  for (size_t i = 0; i < names->size(); i++) {
    const char* text = (*names)[i].text;
    if (std::ranges::find(features, std::string_view(text, strnlen(text, ETH_GSTRING_LEN))) != features.end())
      off.items()[i / bits_of_block].valid |= 1u << i % bits_of_block;
  }
  return off.ask(link);
}

}  // namespace vmoat
