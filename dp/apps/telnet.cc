// telnet: Telnet by its option negotiation (RFC 854, RFC 855): three bytes IAC, verb, option, more than once.
#include "apps/sides.h"
#include "apps/text.h"

namespace vmoat {
namespace {

constexpr uint16_t ports[] = {23};
constexpr uint8_t interpret_as_command = 255, will = 251, dont = 254, begin_sub = 250, end_sub = 240;
constexpr uint8_t option_max = 49;

/** Options of IANA's list: 0 to 49, 138 to 140 and 255. */
bool is_option(uint8_t option) {
  return option <= option_max || (option >= 138 && option <= 140) || option == 255;
}

/** Number of negotiations at the front; -1 when something there cannot be. */
int negotiations(Bytes bytes) {
  ByteReader in(bytes);
  int count = 0;
  while (in.left() > 0) {
    if (in.u8() != interpret_as_command) return count == 0 ? -1 : count;
    const uint8_t verb = in.u8(), option = in.u8();
    if (bytes.size() > in.offset() - 2 && verb != 0 && verb != begin_sub && (verb < will || verb > dont))
      return -1;
    if (!in.ok()) return count;
    if (verb == 0 || !is_option(option)) return -1;
    if (verb == begin_sub)
      while (in.ok() && !(in.u8() == interpret_as_command && in.left() > 0 && in.rest()[0] == end_sub)) {
      }
    if (verb == begin_sub) in.skip(1);
    if (!in.ok()) return count;
    count++;
  }
  return count;
}

Claim recognise(const Opening& opening, Findings&) {
  const int client = negotiations(opening.client), server = negotiations(opening.server);
  if (server < 0 || (client < 0 && server < 2)) return Claim::no;
  if (server >= 2 || client >= 2 || (server >= 1 && client >= 1)) return Claim::sure;
  return Claim::more;
}

}  // namespace

extern const Application telnet_application;
const Application telnet_application{"telnet", over_tcp, ports, recognise};

}  // namespace vmoat
