// ARP and RARP: only Ethernet for IPv4 teaches addresses, other kinds are let be.
#include "base/endian.h"
#include "parse/headers.h"

namespace vmoat {

void parse_arp(Bytes bytes, Packet& packet) {
  packet.layer = Layer::arp;
  const bool whole = bytes.size() >= 8 && bytes.size() >= 8u + 2u * bytes[4] + 2u * bytes[5];
  if (!whole) return packet.odd(Anomaly::arp_malformed);
  const bool ethernet = load_be16(&bytes[0]) == 1 && load_be16(&bytes[2]) == ethertype_ipv4;
  if (!ethernet) return;
  const uint16_t operation = load_be16(&bytes[6]);
  if (bytes[4] != 6 || bytes[5] != 4 || operation == 0 || operation > 25)
    return packet.odd(Anomaly::arp_malformed);
  packet.body = bytes.first(28);
}

}  // namespace vmoat
