// tls: TLS 1.0–1.3 (RFC 8446, RFC 5246) and the SSLv2-style hello of old clients (RFC 5246, E.2).
// A hello is unmistakable by its nested lengths; the ALPN that was offered or chosen names the inner layer;
// on port 853 it is DNS (RFC 7858), as a guess where ALPN does not say so.
#include <algorithm>

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

constexpr uint8_t handshake_record = 22, records[] = {20, 24};  // the first type, and the last (RFC 6520)
constexpr uint16_t record_bytes_max = 16384 + 2048;

struct RecordMemory {
  std::array<uint8_t, 5> header{};
  uint8_t header_bytes = 0;
  bool begun = false;
};

/** The record whose header is there may come next (RFC 8446, 5.1; RFC 5246, 6.2). */
bool begin_record(RecordMemory& memory, StreamMemory& stream) {
  const auto& h = memory.header;
  const bool first_fits = memory.begun || h[0] == handshake_record;
  stream.content = static_cast<uint64_t>(h[3] << 8 | h[4]);
  memory.header_bytes = 0;
  memory.begun = true;
  return first_fits && h[0] >= records[0] && h[0] <= records[1] && h[1] == 3 && h[2] <= 4 &&
         stream.content > 0 && stream.content <= record_bytes_max;
}

/** Records follow each other without a gap. */
bool goes_on(Bytes& said, StreamMemory& stream) {
  auto memory = stream.as<RecordMemory>();
  const size_t here = std::min(memory.header.size() - memory.header_bytes, said.size());
  std::copy_n(said.begin(), here, memory.header.begin() + memory.header_bytes);
  memory.header_bytes = static_cast<uint8_t>(memory.header_bytes + here);
  said = said.subspan(here);
  const bool good = memory.header_bytes < memory.header.size() || begin_record(memory, stream);
  stream.head = memory.header_bytes == 0 ? VMOAT_RECORD_HEAD : VMOAT_NO_HEAD;
  stream.keep(memory);
  return good;
}

}  // namespace

extern const Application tls_application;
const Application tls_application{"tls", over_tcp, ports, recognise, Appetite::opening, nullptr, goes_on};

}  // namespace vmoat
