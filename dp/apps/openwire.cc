// openwire: ActiveMQ's OpenWire: both ends begin with WIREFORMAT_INFO, which bears the magic "ActiveMQ".
#include "apps/sides.h"
#include "apps/text.h"

namespace vmoat {
namespace {

constexpr uint16_t ports[] = {61616};

/** Size, type 1, magic; without the size where it is switched off. */
Claim read_info(Bytes bytes) {
  const Claim bare = begins(bytes,
                            "\x01"
                            "ActiveMQ");
  if (bytes.size() <= 4) return !bytes.empty() && bytes[0] != 0 ? bare : Claim::more;
  return std::max(bare, begins(bytes.subspan(4),
                               "\x01"
                               "ActiveMQ"));
}

Claim recognise(const Opening& opening, Findings&) {
  const Claim client = read_info(opening.client), server = read_info(opening.server);
  return client == Claim::no || server == Claim::no ? Claim::no : std::max(client, server);
}

}  // namespace

extern const Application openwire_application;
const Application openwire_application{"openwire", over_tcp, ports, recognise};

}  // namespace vmoat
