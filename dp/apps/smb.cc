// smb: SMB 1, 2 and 3 (MS-CIFS, MS-SMB2) over TCP, direct or behind a NetBIOS session request, also
// mid-stream, and SMB 1 in NetBIOS datagrams (RFC 1002, 4.3 and 4.4).
#include "apps/sides.h"
#include "apps/text.h"
#include "apps/utf16.h"

namespace vmoat {
namespace {

constexpr uint16_t ports[] = {445, 139, 138};
enum Session : uint8_t { message = 0x00, request = 0x81, positive = 0x82, keep_alive = 0x85 };
enum Magic : uint8_t { compressed = 0xfc, encrypted, smb_2, smb_1 };
constexpr size_t session_bytes = 4;

struct Message {
  Claim claim = Claim::more;
  bool knows_role = false, answer = false;
};

/** Who sends: bit 7 of SMB 1's flags, bit 0 of SMB 2's; what is encrypted or compressed does not say. */
Message read_role(Bytes bytes) {
  constexpr size_t flags_1 = session_bytes + 9, flags_2 = session_bytes + 16;
  Message m{Claim::sure};
  const uint8_t magic = bytes[session_bytes];
  if (magic < smb_2) return m;
  const size_t at = magic == smb_1 ? flags_1 : flags_2;
  if (magic == smb_2 && bytes.size() > 9 && (bytes[8] != 64 || bytes[9] != 0))
    return {Claim::no};  // header's size
  if (bytes.size() <= at) return {Claim::more};
  m.knows_role = true;
  m.answer = bytes[at] & (magic == smb_1 ? 0x80 : 0x01);
  return m;
}

/** Length-prefixed message that begins with 0xff, 0xfe, 0xfd or 0xfc and "SMB". */
Message read_message(Bytes bytes) {
  ByteReader in(bytes);
  const uint8_t type = in.u8();
  const uint32_t length = in.be24();
  if (!bytes.empty() && type != message) return {Claim::no};
  if (bytes.size() < session_bytes) return {};
  if (length < 32) return {Claim::no};
  if (bytes.size() > 4 && bytes[4] < compressed) return {Claim::no};
  const Claim name = bytes.size() > 5 ? begins(bytes.subspan(5), "SMB") : Claim::more;
  return name == Claim::sure ? read_role(bytes) : Message{name};
}

/** A NetBIOS session request, its positive answer or a keep-alive stand before the first message. */
Message read_stream(Bytes bytes) {
  while (bytes.size() >= session_bytes && (bytes[0] == positive || bytes[0] == keep_alive)) {
    if (bytes[1] | bytes[2] | bytes[3]) return {Claim::no};
    bytes = bytes.subspan(session_bytes);
  }
  if (bytes.empty() || bytes[0] == positive || bytes[0] == keep_alive) return {};
  if (bytes[0] != request) return read_message(bytes);
  ByteReader in(bytes);
  in.u8();
  const uint32_t length = in.be24();
  if (bytes.size() >= 4 && (length < 68 || length > 520)) return {Claim::no};
  if (bytes.size() > 4 && bytes[4] != 32) return {Claim::no};  // an encoded name of 32 letters
  return bytes.size() <= 4 + length ? Message{} : read_message(bytes.subspan(4 + length));
}

/** Mid-stream a message may begin anywhere: its length, magic and header size together are no coincidence. */
Message find_message(Bytes bytes) {
  for (size_t at = session_bytes; at + 4 <= bytes.size(); at++) {
    if (bytes[at] < compressed || begins(bytes.subspan(at + 1), "SMB") != Claim::sure) continue;
    const Message m = read_message(bytes.subspan(at - session_bytes));
    if (m.claim == Claim::sure) return m;
  }
  return {};
}

Message read_side(Bytes bytes, bool midstream) {
  const Message m = read_stream(bytes);
  return midstream && m.claim != Claim::sure ? find_message(bytes) : m;
}

void note_name(Bytes login, size_t field_at, bool unicode, Fact fact, Findings& findings) {
  ByteReader field(login);
  field.skip(field_at);
  const uint16_t length = field.le16();
  field.skip(2);
  const uint32_t offset = field.le32();
  ByteReader in(login);
  in.skip(offset);
  const Bytes name = in.bytes(length);
  if (!field.ok() || !in.ok() || name.empty()) return;
  const Utf8OfUtf16 wide(unicode ? name : Bytes{});
  const std::string_view text = unicode ? wide.view() : as_text(name);
  if (is_text(text)) findings.fact(fact, text);
}

/** AUTHENTICATE_MESSAGE of NTLM (MS-NLMP, 2.2.1.3), wherever it is wrapped; true when it is there. */
bool note_login(Bytes client, Findings& findings) {
  constexpr std::string_view begin("NTLMSSP\0\3\0\0\0", 12);
  constexpr size_t domain_at = 28, user_at = 36, host_at = 44, flags_at = 60;
  const size_t at = as_text(client).find(begin);
  if (at == std::string_view::npos) return false;
  const Bytes login = client.subspan(at);
  ByteReader flags(login);
  flags.skip(flags_at);
  const bool unicode = flags.le32() & 1;
  if (!flags.ok()) return false;
  note_name(login, domain_at, unicode, Fact::smb_domain, findings);
  note_name(login, user_at, unicode, Fact::smb_user, findings);
  note_name(login, host_at, unicode, Fact::smb_host, findings);
  return true;
}

Claim judge(Bytes client, Bytes server, const Opening& opening, Findings& findings) {
  const Message asked = read_side(client, opening.midstream), answered = read_side(server, opening.midstream);
  if (asked.claim == Claim::no || answered.claim == Claim::no) return Claim::no;
  const bool turned = (asked.knows_role && asked.answer) || (answered.knows_role && !answered.answer);
  if (turned && !opening.midstream) return Claim::no;
  const Claim claim = std::max(asked.claim, answered.claim);
  if (claim == Claim::sure && !note_login(client, findings) && !opening.midstream) findings.unfinished();
  return claim;
}

/** Datagram service: type, flags, id, source, port, length, offset, two encoded names, then the message. */
Claim recognise_datagram(Bytes bytes) {
  constexpr size_t head = 14, name = 34;
  if (bytes.size() < head + 2 * name + 4 || bytes[0] < 0x10 || bytes[0] > 0x12 || bytes[head] != 32)
    return Claim::no;
  return begins(bytes.subspan(head + 2 * name), "\xffSMB") == Claim::sure ? Claim::sure : Claim::no;
}

Claim recognise(const Opening& opening, Findings& findings) {
  return opening.transport == over_udp ? recognise_datagram(datagram(opening))
                                       : either_way(opening, findings, judge);
}

}  // namespace

extern const Application smb_application;
const Application smb_application{"smb", over_tcp | over_udp, ports, recognise};

}  // namespace vmoat
