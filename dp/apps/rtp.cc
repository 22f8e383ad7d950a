// rtp: RTP (RFC 3550) where a call or a player announced it: version 2 and no packet type of RTCP. Its header
// alone proves nothing.
#include "apps/sides.h"

namespace vmoat {
namespace {

constexpr size_t header_bytes = 12;

/** Until media comes there may be STUN, DTLS or silence. */
Claim recognise(const Opening& opening, Findings&) {
  const Bytes bytes = datagram(opening);
  if (!opening.expected) return Claim::no;
  if (bytes.size() < header_bytes || bytes[0] >> 6 != 2) return Claim::more;
  return bytes[1] >= 192 && bytes[1] <= 223 ? Claim::more : Claim::sure;
}

}  // namespace

extern const Application rtp_application;
const Application rtp_application{"rtp", over_udp, {}, recognise};

}  // namespace vmoat
