// bittorrent: the peer handshake (BEP 3) over TCP, the distributed hash table (BEP 5) over UDP.
#include "apps/sides.h"
#include "apps/text.h"

namespace vmoat {
namespace {

constexpr uint16_t ports[] = {6881};
constexpr std::string_view handshake =
    "\x13"
    "BitTorrent protocol";

Claim recognise_stream(const Opening& opening) {
  const Claim client = begins(opening.client, handshake), server = begins(opening.server, handshake);
  return client == Claim::no || server == Claim::no ? Claim::no : std::max(client, server);
}

/** A bencoded dictionary with the query, response or error of the hash table. */
Claim recognise_datagram(Bytes bytes) {
  const std::string_view text = as_text(bytes);
  const bool known = text.starts_with("d1:ad2:id20:") || text.starts_with("d1:rd2:id20:") ||
                     text.starts_with("d2:ip6:") || text.starts_with("d1:eli20");
  const bool typed = text.find("1:y1:q") != text.npos || text.find("1:y1:r") != text.npos ||
                     text.find("1:y1:e") != text.npos;
  return known && typed && text.ends_with('e') ? Claim::sure : Claim::no;
}

Claim recognise(const Opening& opening, Findings&) {
  return opening.transport == over_tcp ? recognise_stream(opening) : recognise_datagram(datagram(opening));
}

}  // namespace

extern const Application bittorrent_application;
const Application bittorrent_application{"bittorrent", over_tcp | over_udp, ports, recognise};

}  // namespace vmoat
