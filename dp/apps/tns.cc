// tns: Oracle's Transparent Network Substrate: a CONNECT packet whose data is a connect descriptor in
// parentheses, or the listener's redirection or refusal in the same form.
#include "apps/sides.h"
#include "apps/text.h"

namespace vmoat {
namespace {

constexpr uint16_t ports[] = {1521, 1526};
constexpr size_t header_bytes = 8;
enum Type : uint8_t { connect_packet = 1, accept = 2, refuse = 4, redirect = 5, data = 6, resend = 11 };

struct Packet {
  Claim claim = Claim::more;
  uint16_t length = 0;
  Bytes body;
};

/** Length, checksum 0, type, flags, header checksum 0. */
Packet read_packet(Bytes bytes, uint8_t type_min, uint8_t type_max) {
  Packet packet;
  ByteReader in(bytes);
  packet.length = in.be16();
  const uint16_t checksum = in.be16();
  const uint8_t type = in.u8();
  in.u8();
  const uint16_t header_checksum = in.be16();
  const bool wrong = (bytes.size() >= 2 && packet.length < header_bytes) ||
                     (bytes.size() >= 4 && checksum != 0) ||
                     (bytes.size() >= 5 && (type < type_min || type > type_max)) ||
                     (bytes.size() >= 8 && header_checksum != 0);
  if (wrong) packet.claim = Claim::no;
  if (wrong || !in.ok()) return packet;
  packet.claim = Claim::sure;
  packet.body = in.rest();
  return packet;
}

/** Version 300 to 330, then length and offset of the descriptor, which may come in a packet of its own. */
Claim read_connect(const Packet& packet, std::string_view& descriptor) {
  ByteReader in(packet.body);
  const uint16_t version = in.be16(), compatible = in.be16();
  in.skip(12);
  const uint16_t length = in.be16(), offset = in.be16();
  if (!in.ok()) return Claim::more;
  if (version < 300 || version > 340 || compatible < 300 || compatible > version || offset < 34 ||
      length == 0)
    return Claim::no;
  const std::string_view body = as_text(packet.body);
  if (body.size() <= offset - header_bytes) return packet.length <= offset ? Claim::sure : Claim::more;
  descriptor = body.substr(offset - header_bytes, length);
  if (packet.length <= offset) return Claim::sure;
  return descriptor[0] == '(' ? Claim::sure : Claim::no;
}

/** (SERVICE_NAME=x) or (SID=x). */
std::string_view service_of(std::string_view descriptor) {
  for (std::string_view key : {"(service_name=", "(sid="}) {
    const size_t at = find_letters(descriptor, key);
    if (at == descriptor.npos) continue;
    std::string_view rest = descriptor.substr(at + key.size());
    const std::string_view name = take_until(rest, ')');
    if (is_text(name)) return name;
  }
  return {};
}

/** What the listener sends says so by itself: an accepted version with unit sizes, or a descriptor's
 * beginning. */
Claim read_answer(const Packet& packet, uint8_t type) {
  ByteReader in(packet.body);
  if (type == accept) {
    const uint16_t version = in.be16();
    in.skip(2);
    const uint16_t session_unit = in.be16();
    in.skip(2);
    const uint16_t one = in.be16();
    const bool fits = version >= 300 && version <= 340 && (session_unit >= 512 || session_unit == 0);
    return !in.ok() ? Claim::more : fits && (one == 1 || one == 0x100) ? Claim::sure : Claim::no;
  }
  if (type != refuse && type != redirect) return Claim::more;
  if (type == refuse) in.skip(2);
  const uint16_t length = in.be16();
  if (!in.ok() || in.left() == 0) return Claim::more;
  return length > 0 && in.u8() == '(' ? Claim::sure : Claim::more;
}

Claim judge(Bytes client, Bytes server, const Opening&, Findings& findings) {
  const Packet asked = read_packet(client, connect_packet, connect_packet),
               answered = read_packet(server, accept, resend);
  if (asked.claim == Claim::no || answered.claim == Claim::no) return Claim::no;
  if (client.empty() && answered.claim == Claim::sure) return read_answer(answered, server[4]);
  if (asked.claim != Claim::sure) return Claim::more;
  std::string_view descriptor;
  const Claim claim = read_connect(asked, descriptor);
  if (claim != Claim::sure) return claim;
  const std::string_view service = service_of(descriptor);
  if (!service.empty()) findings.fact(Fact::tns_service, service);
  return claim;
}

Claim recognise(const Opening& opening, Findings& findings) {
  return either_way(opening, findings, judge);
}

}  // namespace

extern const Application tns_application;
const Application tns_application{"tns", over_tcp, ports, recognise};

}  // namespace vmoat
