// rdp: RDP's connection request over TPKT and X.224 (MS-RDPBCGR 2.2.1.1): cookie, negotiation or the
// conference that follows tell it from other users of X.224. Over UDP its handshake of exact form
// (MS-RDPEUDP 2.2).
#include "apps/sides.h"
#include "apps/text.h"

namespace vmoat {
namespace {

constexpr uint16_t ports[] = {3389};
enum Pdu : uint8_t { connection_request = 0xe0, connection_confirm = 0xd0 };

struct Connection {
  Claim claim = Claim::more;
  std::string_view cookie;
};

/** rdpNegReq, rdpNegRsp, rdpNegFailure: type, flags, length 8, protocols. */
bool is_negotiation(Bytes bytes, bool request) {
  ByteReader in(bytes);
  const uint8_t type = in.u8();
  in.u8();
  const uint16_t length = in.le16();
  const uint32_t value = in.le32();
  return in.ok() && length == 8 && value < 64 && (request ? type == 1 : type == 2 || type == 3);
}

/** "Cookie: mstshash=NAME" or a routing token, up to CRLF. */
std::string_view take_cookie(ByteReader& in) {
  std::string_view rest = as_text(in.rest());
  if (!rest.starts_with("Cookie: ") && !rest.starts_with("mstshash=")) return {};
  const size_t end = rest.find("\r\n");
  if (end == rest.npos) return {};
  in.skip(end + 2);
  return rest.substr(0, end);
}

Connection read_pdu(Bytes bytes, Pdu wanted) {
  Connection c;
  ByteReader in(bytes);
  const uint16_t version = in.be16(), length = in.be16();
  const uint8_t header = in.u8(), pdu = in.u8();
  const uint16_t destination = in.be16();
  in.skip(3);
  const bool wrong = (!bytes.empty() && bytes[0] != 3) || (bytes.size() > 1 && version != 0x0300) ||
                     (bytes.size() > 3 && (length < 11 || length > 1024)) ||
                     (bytes.size() > 4 && header + 5 != length) ||
                     (bytes.size() > 5 && (pdu & 0xf0) != wanted) ||
                     (bytes.size() > 7 && wanted == connection_request && destination != 0);
  if (wrong) c.claim = Claim::no;
  if (wrong || bytes.size() < 11 || bytes.size() < length) return c;
  ByteReader body(bytes.first(length).subspan(11));
  c.cookie = take_cookie(body);
  const bool negotiates = is_negotiation(body.rest(), wanted == connection_request);
  c.claim = !c.cookie.empty() || negotiates ? Claim::sure : Claim::guess;
  return c;
}

/** Behind the request: an MCS connect of T.125 with the key of H.221, "Duca" of the client or "McDn" of the
 * server. */
bool begins_conference(Bytes bytes, size_t at, std::string_view key) {
  if (bytes.size() < at + 9) return false;
  const Bytes pdu = bytes.subspan(at);
  const bool connects =
      pdu[0] == 3 && pdu[4] == 2 && pdu[5] == 0xf0 && pdu[7] == 0x7f && (pdu[8] == 0x65 || pdu[8] == 0x66);
  return connects && as_text(pdu).find(key) != std::string_view::npos;
}

/** Length of the PDU at the front, which was read before. */
size_t pdu_bytes(Bytes bytes) {
  return bytes.size() < 4 ? 0 : size_t{bytes[2]} << 8 | bytes[3];
}

Claim read_conference(Bytes client, Bytes server) {
  const bool found = begins_conference(client, pdu_bytes(client), "Duca") ||
                     begins_conference(server, pdu_bytes(server), "McDn");
  return found ? Claim::sure : Claim::no;
}

/**
 * SYN: no acknowledgement yet (-1 in a client's), window, flags with SYN and the two MTUs of 1132 to 1232
 * bytes, padded with zeros to the MTU.
 */
Claim recognise_datagram(const Opening& opening, Findings& findings) {
  ByteReader in(datagram(opening));
  const uint32_t acknowledged = in.be32();
  const uint16_t window = in.be16(), flags = in.be16();
  in.skip(4);
  const uint16_t up = in.be16(), down = in.be16();
  constexpr uint16_t syn = 1, ack = 4,
                     allowed = syn | ack | 0x200 | 0x800 | 0x1000;  // lossy, correlation, extended
  const auto is_mtu = [](uint16_t mtu) { return mtu >= 1132 && mtu <= 1232; };
  const bool first = acknowledged == 0xffffffff;
  if (!in.ok() || !(flags & syn) || (flags & ~allowed) || window == 0 || first == bool(flags & ack))
    return Claim::no;
  if (!is_mtu(up) || !is_mtu(down) || in.left() + 16 < 1132) return Claim::no;
  if (first == from_server(opening)) findings.ends_swapped();
  return Claim::sure;
}

Claim judge(Bytes client, Bytes server, const Opening&, Findings& findings) {
  const Connection asked = read_pdu(client, connection_request),
                   answered = read_pdu(server, connection_confirm);
  if (asked.claim == Claim::no || answered.claim == Claim::no) return Claim::no;
  constexpr std::string_view hash = "mstshash=";
  const size_t at = asked.cookie.find(hash);
  if (at != asked.cookie.npos) findings.fact(Fact::rdp_user, asked.cookie.substr(at + hash.size()));
  const Claim claim = std::max({asked.claim, answered.claim, read_conference(client, server)});
  return claim == Claim::guess && server.empty() ? Claim::more : claim;
}

Claim recognise(const Opening& opening, Findings& findings) {
  if (opening.transport == over_udp) return recognise_datagram(opening, findings);
  return either_way(opening, findings, judge);
}

}  // namespace

extern const Application rdp_application;
const Application rdp_application{"rdp", over_tcp | over_udp, ports, recognise};

}  // namespace vmoat
