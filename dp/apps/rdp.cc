// rdp: RDP's connection request over TPKT and X.224 (MS-RDPBCGR 2.2.1.1): cookie or negotiation tell it from
// other users of X.224.
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

Claim judge(Bytes client, Bytes server, const Opening&, Findings& findings) {
  const Connection asked = read_pdu(client, connection_request),
                   answered = read_pdu(server, connection_confirm);
  if (asked.claim == Claim::no || answered.claim == Claim::no) return Claim::no;
  constexpr std::string_view hash = "mstshash=";
  const size_t at = asked.cookie.find(hash);
  if (at != asked.cookie.npos) findings.fact(Fact::rdp_user, asked.cookie.substr(at + hash.size()));
  const Claim claim = std::max(asked.claim, answered.claim);
  return claim == Claim::guess && server.empty() ? Claim::more : claim;
}

Claim recognise(const Opening& opening, Findings& findings) {
  return either_way(opening, findings, judge);
}

}  // namespace

extern const Application rdp_application;
const Application rdp_application{"rdp", over_tcp, ports, recognise};

}  // namespace vmoat
