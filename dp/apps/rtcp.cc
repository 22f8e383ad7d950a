// rtcp: RTCP (RFC 3550, 6) where a call or a player announced it: version 2, a packet type of RTCP, and
// lengths that add up.
#include "apps/sides.h"

namespace vmoat {
namespace {

/** Compound packets: each says its length in words less one; SRTCP hides all behind the first. */
Claim recognise(const Opening& opening, Findings&) {
  if (!opening.expected) return Claim::no;
  ByteReader in(datagram(opening));
  const uint8_t first = in.u8(), type = in.u8();
  const size_t length = in.be16() * size_t{4};
  const bool good = in.ok() && first >> 6 == 2 && type >= 192 && type <= 223 && length <= in.left();
  return good ? Claim::sure : Claim::more;
}

}  // namespace

extern const Application rtcp_application;
const Application rtcp_application{"rtcp", over_udp, {}, recognise};

}  // namespace vmoat
