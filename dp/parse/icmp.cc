// ICMP and ICMPv6 as a flow's key bears them: echo id, type << 8 | code, a reply under its request's type
// (RFC 792, 4443); neighbour discovery checked by RFC 4861 7.1.
#include "base/endian.h"
#include "parse/headers.h"

namespace vmoat {

namespace {

struct Request {
  uint8_t reply, request;
};
constexpr Request v4_requests[] = {{0, 8}, {14, 13}, {16, 15}, {18, 17}};
constexpr Request v6_requests[] = {{129, 128}};

void read_key(std::span<const Request> requests, Packet& packet) {
  uint8_t type = packet.body[0];
  bool asks = false;
  for (const Request& r : requests) {
    if (type == r.reply) packet.reply = true, type = r.request;
    if (type == r.request) asks = true;
  }
  if (asks) packet.sport = load_be16(&packet.body[4]);
  packet.dport = static_cast<uint16_t>(type << 8 | packet.body[1]);
  packet.payload = packet.body;
  packet.payload_length = packet.body_length;
}

bool is_error(const Packet& packet) {
  const uint8_t type = packet.body[0];
  if (packet.family == 6) return type >= 1 && type <= 4;
  return type == 3 || type == 4 || type == 5 || type == 11 || type == 12;
}

/** An error must quote the header of what it is about. */
void check_quote(uint8_t version, size_t header, Packet& packet) {
  if (packet.cut || !is_error(packet)) return;
  const bool quotes = packet.body.size() >= 8 + header && packet.body[8] >> 4 == version;
  if (!quotes) packet.odd(Anomaly::icmp_quote);
}

bool neighbour_options_end_well(Bytes options) {
  while (!options.empty()) {
    if (options.size() < 8 || options[1] == 0 || options[1] * 8u > options.size()) return false;
    options = options.subspan(options[1] * 8u);
  }
  return true;
}

void check_neighbour_discovery(Packet& packet) {
  constexpr uint8_t fixed[] = {8, 16, 24, 24, 40};  // types 133 to 137
  const uint8_t type = packet.body[0];
  if (type < 133 || type > 137 || packet.cut) return;
  const size_t length = fixed[type - 133];
  const bool well = packet.ttl == 255 && packet.body[1] == 0 && packet.body.size() >= length &&
                    neighbour_options_end_well(packet.body.subspan(length));
  if (!well) packet.odd(Anomaly::ndp_malformed);
}

}  // namespace

Bytes quote_of(const Packet& packet) {
  const bool icmp = packet.family == 6 ? packet.proto == IPPROTO_ICMPV6 : packet.proto == IPPROTO_ICMP;
  return icmp && packet.body.size() > 8 && is_error(packet) ? packet.body.subspan(8) : Bytes{};
}

bool parse_icmp(Packet& packet) {
  if (packet.body.size() < 8) return packet.odd(Anomaly::icmp_short), false;
  read_key(v4_requests, packet);
  check_quote(4, 20, packet);
  return true;
}

bool parse_icmpv6(Packet& packet) {
  if (packet.body.size() < 8) return packet.odd(Anomaly::icmp_short), false;
  read_key(v6_requests, packet);
  check_quote(6, 40, packet);
  check_neighbour_discovery(packet);
  return true;
}

}  // namespace vmoat
