// icmp: the application of ICMP and ICMPv6 flows (RFC 792, RFC 4443); the engine hands it the ICMP header on.
#include <cstdio>

#include "apps/application.h"

namespace vmoat {
namespace {

Claim recognise(const Opening& opening, Findings& findings) {
  const Bytes packet = opening.client.empty() ? opening.server : opening.client;
  if (packet.size() < 4) return Claim::no;  // type, code, checksum
  char text[8];
  const int length = std::snprintf(text, sizeof text, "%u/%u", packet[0], packet[1]);
  findings.fact(Fact::icmp_type, {text, static_cast<size_t>(length)});
  return Claim::sure;
}

}  // namespace

extern const Application icmp_application;
const Application icmp_application{"icmp", over_icmp, {}, recognise};

}  // namespace vmoat
