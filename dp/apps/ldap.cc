// ldap: LDAP 2 and 3 over TCP and UDP (RFC 4511): a sequence of message id and an operation whose first
// fields fit it.
#include "apps/ber.h"
#include "apps/sides.h"
#include "apps/text.h"
#include "apps/tls_stream.h"

namespace vmoat {
namespace {

constexpr uint16_t ports[] = {389, 3268};
enum Operation : uint8_t {
  unbind_request = 0x42,
  delete_request = 0x4a,
  abandon_request = 0x50,
  bind_request = 0x60,
  bind_response = 0x61,
  search_request = 0x63,
  search_entry = 0x64,
  search_done = 0x65,
  modify_request = 0x66,
  modify_response = 0x67,
  add_request = 0x68,
  add_response = 0x69,
  delete_response = 0x6b,
  rename_request = 0x6c,
  rename_response = 0x6d,
  compare_request = 0x6e,
  compare_response = 0x6f,
  search_reference = 0x73,
  extended_request = 0x77,
  extended_response = 0x78
};
constexpr size_t enough = 64;

struct Message {
  Claim claim = Claim::more;
  bool request = false;
  std::string_view user;
};

/** BindRequest: version 2 or 3, name, simple [0] or SASL [3] (SPNEGO of Windows: [9] to [11]). */
bool is_bind(ByteReader in, Message& message) {
  const int64_t version = take_ber_number(in);
  const BerItem name = take_ber(in);
  if (!in.ok() || version < 2 || version > 3 || name.tag != ber_octets) return false;
  const uint8_t method = in.left() > 0 ? in.rest()[0] : 0x80;
  message.user = name.body.size() == name.length ? as_text(name.body) : std::string_view{};
  return method == 0x80 || method == 0xa3 || (method >= 0x89 && method <= 0x8b);
}

/** SearchRequest: base, scope 0–3, dereferencing 0–3. */
bool is_search(ByteReader in) {
  const BerItem base = take_ber(in);
  if (!in.ok() || base.tag != ber_octets || base.body.size() < base.length) return false;
  const int64_t scope = take_ber_number(in, ber_enumerated), alias = take_ber_number(in, ber_enumerated);
  return scope >= 0 && scope <= 3 && alias >= 0 && alias <= 3;
}

/** LDAPResult: code, matched name, diagnostics. */
bool is_result(ByteReader in) {
  const int64_t code = take_ber_number(in, ber_enumerated);
  const BerItem matched = take_ber(in);
  return in.ok() && code >= 0 && code <= 4096 && matched.tag == ber_octets;
}

/** A name as octets, or (extended request) an OID in [0]. */
bool begins_with(ByteReader in, uint8_t tag) {
  const BerItem item = take_ber(in);
  return in.ok() && item.tag == tag && is_text(as_text(item.body));
}

/** A distinguished name, then what the operation does with it: changes, attributes, a new name, an assertion.
 */
bool is_change(ByteReader in) {
  const BerItem entry = take_ber(in), change = take_ber(in);
  const bool named = entry.tag == ber_octets && as_text(entry.body).find('=') != std::string_view::npos;
  return in.ok() && named && (change.tag == ber_sequence || change.tag == ber_octets);
}

/** Abandoned message id or name to delete, both without a tag of their own. */
bool is_plain(const BerItem& operation) {
  if (operation.tag == unbind_request) return operation.length == 0;
  if (operation.tag == abandon_request) return operation.length >= 1 && operation.length <= 4;
  const std::string_view name = as_text(operation.body);
  return is_text(name) && name.find('=') != name.npos;
}

bool is_operation(const BerItem& operation, Message& message) {
  const ByteReader body(operation.body);
  switch (operation.tag) {
    case bind_request:
      return is_bind(body, message);
    case search_request:
      return is_search(body);
    case extended_request:
      return begins_with(body, 0x80);
    case search_entry:
    case search_reference:
      return begins_with(body, ber_octets);
    case modify_request:
    case add_request:
    case rename_request:
    case compare_request:
      return is_change(body);
    case unbind_request:
    case delete_request:
    case abandon_request:
      return is_plain(operation);
    case bind_response:
    case search_done:
    case modify_response:
    case add_response:
    case delete_response:
    case rename_response:
    case compare_response:
    case extended_response:
      return is_result(body);
    default:
      return false;
  }
}

bool is_request_tag(uint8_t tag) {
  return tag == bind_request || tag == search_request || tag == extended_request || tag == unbind_request ||
         tag == delete_request || tag == abandon_request || tag == modify_request || tag == add_request ||
         tag == rename_request || tag == compare_request;
}

/** Until 64 bytes or the whole message are there, what is missing may still come. */
Message read_message(Bytes bytes, bool whole) {
  Message message;
  ByteReader in(bytes);
  if (bytes.empty()) return message;
  if (bytes[0] != ber_sequence) return {Claim::no, false, {}};
  const BerItem outer = take_ber(in);
  if (!in.ok()) return bytes.size() < 6 && !whole ? message : Message{Claim::no, false, {}};
  if (outer.length < 5 || outer.length > 1 << 24) return {Claim::no, false, {}};
  const bool last = whole || outer.body.size() == outer.length || outer.body.size() >= enough;
  ByteReader body(outer.body);
  const int64_t id = take_ber_number(body);
  const bool id_there = outer.body.size() >= 6;
  if (id < 0) return {last || id_there ? Claim::no : Claim::more, false, {}};
  const uint8_t tag = body.left() > 0 ? body.rest()[0] : 0;
  const BerItem operation = take_ber(body);
  if (body.ok() && is_operation(operation, message))
    message.claim =
        operation.tag == unbind_request || operation.tag == abandon_request ? Claim::guess : Claim::sure;
  else
    message.claim = last ? Claim::no : Claim::more;
  message.request = is_request_tag(tag);
  return message;
}

/** The StartTLS operation's OID (RFC 4511, 4.14.1) in the first message. */
bool asked_for_tls(Bytes client) {
  constexpr std::string_view oid = "1.3.6.1.4.1.1466.20037";
  constexpr size_t near = 64;
  return as_text(client.first(std::min(client.size(), near))).find(oid) != std::string_view::npos;
}

Bytes behind_message(Bytes bytes) {
  ByteReader in(bytes);
  const BerItem message = take_ber(in);
  return in.ok() && message.body.size() == message.length ? in.rest() : Bytes{};
}

Claim judge(Bytes client, Bytes server, const Opening& opening, Findings& findings) {
  const bool whole = opening.cut || opening.transport == over_udp;
  const Message asked = read_message(client, whole), answered = read_message(server, whole);
  if (asked.claim == Claim::no || answered.claim == Claim::no) return Claim::no;
  if ((asked.claim >= Claim::guess && !asked.request) || (answered.claim >= Claim::guess && answered.request))
    return Claim::no;
  const Claim claim = std::max(asked.claim, answered.claim);
  if (claim == Claim::sure && !asked.user.empty()) findings.fact(Fact::ldap_user, asked.user);
  if (claim == Claim::sure && asked_for_tls(client))
    note_switched_to_tls(behind_message(client), behind_message(server), opening.cut, findings);
  return claim;
}

Claim recognise(const Opening& opening, Findings& findings) {
  return either_way(opening, findings, judge);
}

}  // namespace

extern const Application ldap_application;
const Application ldap_application{"ldap", over_tcp | over_udp, ports, recognise};

}  // namespace vmoat
