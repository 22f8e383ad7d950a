// IPv6: header and at most eight extension headers (RFC 8200; RFC 5095 for routing type 0, RFC 7112 for first
// fragments).
#include "base/endian.h"
#include "parse/headers.h"

namespace vmoat {

namespace {

constexpr int extensions_max = 8;
constexpr uint8_t hop_by_hop = 0, routing = 43, fragment = 44, destination = 60, mobility = 135, hip = 139,
                  shim6 = 140, no_next = 59;

bool is_extension(uint8_t next) {
  return next == hop_by_hop || next == routing || next == fragment || next == destination ||
         next == mobility || next == hip || next == shim6;
}

void read_addresses(Bytes bytes, Packet& packet) {
  packet.layer = Layer::network;
  packet.family = 6;
  packet.ttl = bytes[7];
  packet.src = Address::v6(&bytes[8]);
  packet.dst = Address::v6(&bytes[24]);
  if (bytes[8] == 0xff) packet.odd(Anomaly::ip_source_multicast);
}

/** What IP carries, without padding; jumbograms and super-frames say 0 and mean "the rest". */
Bytes payload(Bytes bytes, Packet& packet) {
  const uint32_t rest = static_cast<uint32_t>(bytes.size()) - 40, said = load_be16(&bytes[4]);
  const bool whole_rest = said == 0 && (bytes[6] == hop_by_hop || rest > 0xffff);
  packet.body_length = whole_rest ? rest : said;
  if (rest >= packet.body_length) {
    packet.cut = false;
  } else if (!packet.cut) {
    packet.odd(Anomaly::ipv6_truncated);
    packet.cut = true;
  }
  return bytes.subspan(40, std::min(rest, packet.body_length));
}

void read_fragment(Bytes header, Packet& packet) {
  const uint16_t field = load_be16(&header[2]);
  packet.more_fragments = (field & 1) != 0;
  packet.fragment_offset = field & 0xfff8;
  packet.fragment = packet.more_fragments || packet.fragment_offset != 0;  // else atomic (RFC 6946)
  packet.fragment_id = load_be32(&header[4]);
}

/** One extension header: its length in bytes, 0 where it cannot be read. */
uint32_t extension(uint8_t kind, int index, Bytes bytes, Packet& packet) {
  const uint32_t length = bytes.size() < 8 ? 0 : kind == fragment ? 8u : (bytes[1] + 1u) * 8;
  if (length == 0 || length > bytes.size()) {
    packet.odd(Anomaly::ipv6_extension_short);
    return 0;
  }
  if (kind == hop_by_hop && index != 0) packet.odd(Anomaly::ipv6_extension_order);
  if (kind == routing && bytes[2] == 0) packet.odd(Anomaly::ipv6_route0);
  if (kind == fragment) read_fragment(bytes, packet);
  return length;
}

}  // namespace

void parse_extensions(Packet& packet) {
  for (; is_extension(packet.proto); packet.extensions++) {
    if (packet.extensions == extensions_max) return packet.odd(Anomaly::ipv6_extensions_many);
    const uint32_t length = extension(packet.proto, packet.extensions, packet.body, packet);
    if (length == 0) return;
    packet.proto = packet.body[0];
    packet.body = packet.body.subspan(length);
    packet.body_length -= length;
    if (!packet.fragment) continue;
    packet.extensions++;
    return;  // what follows can be read on when the datagram is whole
  }
  if (packet.proto == no_next) packet.body = {};
}

bool has_whole_chain(const Packet& packet) {
  Packet rest;
  rest.family = packet.family;
  rest.proto = packet.proto;
  rest.body = packet.body;
  rest.body_length = packet.body_length;
  rest.extensions = packet.extensions;
  if (rest.family == 6) parse_extensions(rest);
  if (is_extension(rest.proto) && rest.family == 6) return false;
  switch (rest.proto) {
    case IPPROTO_TCP:
      return rest.body.size() >= 20 && rest.body.size() >= (rest.body[12] >> 4) * 4u;
    case IPPROTO_UDP:
    case IPPROTO_UDPLITE:
    case IPPROTO_ICMP:
    case IPPROTO_ICMPV6:
      return rest.body.size() >= 8;
    case IPPROTO_SCTP:
      return rest.body.size() >= 12;
    default:
      return true;
  }
}

bool parse_ipv6(Bytes bytes, Packet& packet) {
  if (bytes.size() < 40) return packet.odd(Anomaly::ipv6_short), false;
  if (bytes[0] >> 4 != 6) return packet.odd(Anomaly::ipv6_version), false;
  read_addresses(bytes, packet);
  packet.body = payload(bytes, packet);
  packet.proto = bytes[6];
  parse_extensions(packet);
  return true;
}

}  // namespace vmoat
