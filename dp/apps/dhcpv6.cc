// dhcpv6: DHCP for IPv6 (RFC 8415): options that fill the datagram, a client's or server's DUID among them; a
// reply teaches the leased addresses.
#include "apps/sides.h"

namespace vmoat {
namespace {

constexpr uint16_t ports[] = {547, 546};
enum Kind : uint8_t {
  solicit = 1,
  advertise,
  request,
  confirm,
  renew,
  rebind,
  reply,
  release,
  decline,
  reconfigure,
  information,
  relay_forward,
  relay_reply,
  last_kind = 36  // RFC 5007 to RFC 9915: leasequeries, failover, registration
};
enum Option : uint16_t {
  client_id = 1,
  server_id = 2,
  identity_association = 3,
  address = 5,
  requested = 6,
  elapsed = 8,
  relay_message = 9
};
constexpr size_t option_max = 255;

struct Options {
  bool whole = false;
  Bytes client, server, relayed, leased, requested, elapsed;
};

/** An address inside an IA_NA: IAID, T1, T2, then options. */
Bytes leased_address(Bytes association) {
  ByteReader in(association);
  in.skip(12);
  const uint16_t code = in.be16(), length = in.be16();
  const Bytes value = in.bytes(length);
  return in.ok() && code == address && length >= 24 ? value.first(16) : Bytes{};
}

Options read_options(ByteReader in) {
  Options options;
  while (in.left() > 0) {
    const uint16_t code = in.be16();
    const Bytes value = in.bytes(in.be16());
    if (!in.ok() || code == 0 || code > option_max) return options;
    if (code == client_id) options.client = value;
    if (code == server_id) options.server = value;
    if (code == relay_message) options.relayed = value;
    if (code == requested) options.requested = value;
    if (code == elapsed) options.elapsed = value;
    if (code == identity_association) options.leased = leased_address(value);
  }
  options.whole = in.ok();
  return options;
}

/** DUID (RFC 8415, 11): type 1 to 4 and at most 130 bytes. */
bool is_duid(Bytes id) {
  return id.size() >= 3 && id.size() <= 130 && id[0] == 0 && id[1] >= 1 && id[1] <= 4;
}

/** The Ethernet address in a DUID of type 1 or 3. */
Bytes mac_of(Bytes id) {
  const size_t header = id[1] == 1 ? 8 : 4;
  const bool ethernet = (id[1] == 1 || id[1] == 3) && id[2] == 0 && id.size() == header + 6 && id[3] == 1;
  return ethernet ? id.subspan(header) : Bytes{};
}

bool read_message(Bytes bytes, Findings& findings) {
  ByteReader in(bytes);
  const uint8_t kind = in.u8();
  const bool relayed = kind == relay_forward || kind == relay_reply;
  if (kind < solicit || kind > last_kind) return false;
  in.skip(relayed ? 33 : 3);
  if (!in.ok()) return false;
  const Options options = read_options(in);
  if (!options.whole) return false;
  if (relayed) return options.relayed.size() > 4;
  const bool asks = kind == information && options.elapsed.size() == 2 && options.requested.size() >= 2 &&
                    options.requested.size() % 2 == 0;  // by nobody in particular
  if (!asks && !is_duid(options.client) && !is_duid(options.server)) return false;
  if (kind == reply && is_duid(options.client) && !options.leased.empty() && !mac_of(options.client).empty())
    findings.lease(options.leased, mac_of(options.client));
  return true;
}

bool from_a_server(uint8_t kind) {
  return kind == advertise || kind == reply || kind == reconfigure || kind == relay_reply;
}

Claim recognise(const Opening& opening, Findings& findings) {
  const Bytes bytes = datagram(opening);
  if (!read_message(bytes, findings)) return Claim::no;
  if (from_a_server(bytes[0]) != from_server(opening)) findings.ends_swapped();
  return Claim::sure;
}

void follow(const Opening& opening, Findings& findings) {
  read_message(datagram(opening), findings);
}

}  // namespace

extern const Application dhcpv6_application;
const Application dhcpv6_application{"dhcpv6", over_udp, ports, recognise, Appetite::messages, follow};

}  // namespace vmoat
