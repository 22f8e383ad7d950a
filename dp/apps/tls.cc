// tls: TLS 1.0–1.3 (RFC 8446, RFC 5246) and the SSLv2-style hello of old clients (RFC 5246, E.2).
// A hello is unmistakable by its nested lengths; the ALPN that was offered or chosen names the inner layer;
// on port 853 it is DNS (RFC 7858), as a guess where ALPN does not say so.
#include "apps/sides.h"
#include "apps/tls_stream.h"

namespace vmoat {
namespace {

constexpr uint16_t ports[] = {443, 8443, 993, 995, 465, 853, 636};
constexpr uint16_t dns_port = 853;

/** Mid-stream: records one behind the other. Two whole ones and the header of a third are no coincidence. */
Claim read_chain(Bytes bytes) {
  ByteReader in(bytes);
  int whole = 0;
  while (in.left() > 0) {
    uint8_t type = 0;
    uint16_t length = 0;
    const Claim claim = read_tls_record(in, type, length);
    if (claim != Claim::sure) return claim == Claim::no ? claim : (whole >= 2 ? Claim::sure : Claim::more);
    if (in.left() < length) return whole >= 2 ? Claim::sure : Claim::more;
    in.skip(length);
    whole++;
  }
  return whole >= 2 ? Claim::sure : Claim::more;
}

Claim judge(Bytes client, Bytes server, const Opening& opening, Findings& findings) {
  if (opening.midstream) {
    const Claim claim = std::max(read_chain(client), read_chain(server));
    if (claim == Claim::sure) return claim;
  }
  const TlsStream stream(client, server, opening.cut);
  const Claim asked = stream.client().claim, answered = stream.server().claim;
  if (asked == Claim::no || (answered == Claim::no && !stream.refused())) return Claim::no;
  const Claim claim = std::max(asked, answered);
  if (claim < Claim::guess) return claim;
  stream.note(findings);
  if (!stream.finished()) findings.unfinished();
  const std::string_view layer = layer_of_alpn(stream.alpn());
  const bool by_port = stream.alpn().empty() && opening.server_port == dns_port;
  if (!layer.empty()) findings.layer(layer);
  if (by_port) findings.layer("dot");
  return by_port ? Claim::guess : claim;
}

Claim recognise(const Opening& opening, Findings& findings) {
  return either_way(opening, findings, judge);
}

}  // namespace

extern const Application tls_application;
const Application tls_application{"tls", over_tcp, ports, recognise};

}  // namespace vmoat
