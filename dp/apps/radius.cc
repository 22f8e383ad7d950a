// radius: RADIUS (RFC 2865, RFC 2866, RFC 5176) over UDP: attributes that fill the packet to its end, and
// among them what only RADIUS has there.
#include "apps/sides.h"
#include "apps/text.h"

namespace vmoat {
namespace {

constexpr uint16_t ports[] = {1812, 1813, 1645, 1646, 3799};
constexpr size_t header_bytes = 20;
enum Code : uint8_t {
  access_request = 1,
  accept,
  reject,
  accounting_request,
  accounting_response,
  challenge = 11,
  status = 12
};
enum Attribute : uint8_t {
  user_name = 1,
  nas_address = 4,
  nas_port = 5,
  service = 6,
  framing = 7,
  address = 8,
  reply_message = 18,
  state = 24,
  vendor = 26,
  session_timeout = 27,
  nas_identifier = 32,
  accounting_status = 40,
  eap = 79,
  authenticator = 80,
  nas_ipv6 = 95
};

struct Attributes {
  bool whole = false;
  int count = 0;
  int typed = 0;  // attributes whose fixed form is kept
  bool wrong = false;
  bool user = false, nas = false, accounting = false, signature = false, eap = false;
  std::string_view name;
};

bool is_number(uint8_t type) {
  return (type >= nas_address && type <= address) || type == 10 || (type >= 12 && type <= 16) || type == 23 ||
         type == session_timeout || type == 28 || type == 29 || (type >= 40 && type <= 43) ||
         (type >= 45 && type <= 49) || type == 51 || type == 52 || type == 53 || type == 55 || type == 61 ||
         type == 62;
}

void note(uint8_t type, Bytes value, Attributes& all) {
  if (is_number(type)) value.size() == 4 ? all.typed++ : (all.wrong = true);
  if (type == authenticator) value.size() == 16 ? (all.signature = true) : (all.wrong = true);
  if (type == vendor) {
    ByteReader in(value);
    in.be32() < 1 << 17 && in.ok() && value.size() > 4 ? all.typed++ : (all.wrong = true);
  }
  if (type == user_name) all.user = is_text(as_text(value)), all.name = as_text(value);
  if (type == nas_address || type == nas_identifier || type == nas_port || type == nas_ipv6) all.nas = true;
  if (type == accounting_status) all.accounting = value.size() == 4 && value[0] == 0 && value[1] == 0;
  if (type == eap) all.eap = !value.empty();
}

Attributes read_attributes(Bytes bytes) {
  Attributes all;
  ByteReader in(bytes);
  while (in.left() > 0 && !all.wrong) {
    const uint8_t type = in.u8(), length = in.u8();
    if (length < 2 || type == 0) in.fail();
    const Bytes value = in.bytes(length < 2 ? 0 : length - 2);
    if (!in.ok()) return all;
    note(type, value, all);
    all.count++;
  }
  all.whole = in.ok() && !all.wrong;
  return all;
}

Claim weigh(uint8_t code, const Attributes& all) {
  if (!all.whole) return Claim::no;
  switch (code) {
    case access_request:
      return all.user && (all.nas || all.signature || all.typed > 0) ? Claim::sure
             : all.signature || all.user                             ? Claim::guess
                                                                     : Claim::no;
    case accounting_request:
      return all.accounting ? Claim::sure : Claim::no;
    case accept:
    case reject:
    case challenge:
      return all.signature || all.eap || all.typed >= 2 ? Claim::sure
             : all.count > 0                            ? Claim::guess
                                                        : Claim::no;
    case accounting_response:
      return all.count == 0 || all.signature ? Claim::guess : Claim::no;
    case status:
      return all.signature ? Claim::sure : Claim::no;
    case 40:
    case 43:
      return all.user || all.nas || all.signature ? Claim::sure : Claim::no;
    case 41:
    case 42:
    case 44:
    case 45:  // to those: acknowledged or not
      return all.signature || all.user || all.typed >= 2 ? Claim::sure
             : all.count > 0                             ? Claim::guess
                                                         : Claim::no;
    default:
      return Claim::no;
  }
}

Claim recognise(const Opening& opening, Findings& findings) {
  ByteReader in(datagram(opening));
  const uint8_t code = in.u8();
  in.u8();
  const uint16_t length = in.be16();
  const Bytes secret = in.bytes(16);
  const size_t body = length < header_bytes ? 0 : length - header_bytes;
  if (!in.ok() || length < header_bytes || length > 4096 ||
      (in.left() != body && !(opening.cut && in.left() < body)))
    return Claim::no;
  const bool blank =
      std::all_of(secret.begin(), secret.end(), [&](uint8_t byte) { return byte == secret[0]; });
  Attributes all = read_attributes(in.rest());
  all.whole = all.whole || (in.left() < body && !all.wrong && all.count > 1);  // the capture cut it
  const Claim claim = blank && code != accounting_request ? Claim::no : weigh(code, all);
  if (claim < Claim::guess) return Claim::no;
  if (claim == Claim::sure && all.user) findings.fact(Fact::radius_user, all.name);
  const bool request =
      code == access_request || code == accounting_request || code == status || code == 40 || code == 43;
  if (request == from_server(opening)) findings.ends_swapped();
  return claim;
}

}  // namespace

extern const Application radius_application;
const Application radius_application{"radius", over_udp, ports, recognise};

}  // namespace vmoat
