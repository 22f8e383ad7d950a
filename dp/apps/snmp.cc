// snmp: SNMP 1, 2c (RFC 3416) and 3 (RFC 3412) over UDP: a sequence that ends with the datagram, version and
// PDU in it.
#include "apps/ber.h"
#include "apps/sides.h"
#include "apps/text.h"

namespace vmoat {
namespace {

constexpr uint16_t ports[] = {161, 162};

/** Community, then a PDU of a known kind. */
bool is_community_message(ByteReader in) {
  const BerItem community = take_ber(in);
  const BerItem pdu = take_ber(in);
  return in.ok() && community.tag == ber_octets && is_text(as_text(community.body)) && pdu.tag >= 0xa0 &&
         pdu.tag <= 0xa8;
}

/** msgGlobalData: id, largest size, flags of one byte, security model. */
bool is_version_3(ByteReader in) {
  const BerItem global = take_ber(in);
  if (!in.ok() || global.tag != ber_sequence) return false;
  ByteReader fields(global.body);
  const int64_t id = take_ber_number(fields), size = take_ber_number(fields);
  const BerItem flags = take_ber(fields);
  return fields.ok() && id >= 0 && size >= 484 && flags.tag == ber_octets && flags.length == 1;
}

Claim recognise(const Opening& opening, Findings& findings) {
  const Bytes bytes = datagram(opening);
  if (bytes.empty() || bytes[0] != ber_sequence) return Claim::no;
  ByteReader in(bytes);
  const BerItem outer = take_ber(in);
  if (!in.ok() || outer.length > 65535 || (outer.body.size() != outer.length && !opening.cut))
    return Claim::no;
  ByteReader body(outer.body);
  const int64_t version = take_ber_number(body);
  const bool fits =
      version == 3 ? is_version_3(body) : (version == 0 || version == 1) && is_community_message(body);
  if (!fits) return Claim::no;
  findings.fact(Fact::snmp_version, version == 3 ? "3" : version == 1 ? "2c" : "1");
  const size_t answer = body.left();
  return answer > 0 ? Claim::sure : Claim::guess;
}

}  // namespace

extern const Application snmp_application;
const Application snmp_application{"snmp", over_udp, ports, recognise};

}  // namespace vmoat
