// iscsi: iSCSI's login (RFC 7143, 11.12): a PDU of 48 bytes and text keys, InitiatorName first of all;
// mid-stream a command and an answer of its kind with the same task tag.
#include "apps/sides.h"
#include "apps/text.h"

namespace vmoat {
namespace {

constexpr uint16_t ports[] = {3260};
constexpr size_t header_bytes = 48;
constexpr uint8_t login_request = 0x43, login_response = 0x23;

struct Login {
  Claim claim = Claim::more;
  std::string_view initiator;
};

/** Opcode, flags with their stages, versions 0, no extra headers, text of which every pair is "key=value". */
Login read_login(Bytes bytes, uint8_t opcode) {
  Login login;
  ByteReader in(bytes);
  const uint8_t first = in.u8(), flags = in.u8();
  const uint16_t versions = in.be16();
  const uint8_t extra = in.u8();
  const uint32_t length = in.be24();
  const bool wrong = (!bytes.empty() && first != opcode) || (bytes.size() > 1 && (flags & 0x30)) ||
                     (bytes.size() >= 4 && versions != 0) || (bytes.size() >= 5 && extra != 0) ||
                     (bytes.size() >= 8 && length > 65536);
  if (wrong) login.claim = Claim::no;
  if (wrong || bytes.size() < header_bytes + std::min<size_t>(length, 16)) return login;
  std::string_view text = as_text(bytes.subspan(header_bytes)).substr(0, length);
  constexpr std::string_view key = "InitiatorName=";
  const size_t at = text.find(key);
  const bool pairs = text.find('=') != text.npos && is_letter(text[0]);
  login.claim = at != text.npos || (pairs && opcode == login_response) ? Claim::sure : Claim::no;
  if (at == text.npos) return login;
  text.remove_prefix(at + key.size());
  login.initiator = take_until(text, '\0');
  return login;
}

/** Whether `answer` is an opcode that answers `request` (RFC 7143, 11.2.1.2). */
bool answers(uint8_t request, uint8_t answer) {
  switch (request & 0x3f) {
    case 0x00:  // NOP-Out, NOP-In
      return answer == 0x20;
    case 0x01:  // SCSI command: response, data or readiness to transfer
      return answer == 0x21 || answer == 0x25 || answer == 0x31;
    case 0x02:
    case 0x04:
    case 0x06:
      return answer == (request & 0x3f) + 0x20;
    default:
      return false;
  }
}

bool is_exchange(Bytes client, Bytes server) {
  constexpr size_t tag = 16, tag_bytes = 4;
  if (client.size() < header_bytes || server.size() < header_bytes) return false;
  const bool final_bits = (client[1] & 0x80) || (client[0] & 0x3f) == 1;
  const Bytes asked = client.subspan(tag, tag_bytes), answered = server.subspan(tag, tag_bytes);
  return client[0] < 0x80 && final_bits && client[4] == 0 && server[4] == 0 &&
         answers(client[0], server[0]) && std::equal(asked.begin(), asked.end(), answered.begin()) &&
         (asked[0] | asked[1] | asked[2] | asked[3]);
}

Claim judge(Bytes client, Bytes server, const Opening& opening, Findings& findings) {
  if (opening.midstream && is_exchange(client, server)) return Claim::sure;
  const Login asked = read_login(client, login_request), answered = read_login(server, login_response);
  const bool may_go_on =
      opening.midstream && (client.empty() || client[0] < 0x80) && (server.empty() || server[0] < 0x40);
  if (asked.claim == Claim::no || (answered.claim == Claim::no && asked.claim != Claim::sure))
    return may_go_on && (client.size() < header_bytes || server.size() < header_bytes) ? Claim::more
                                                                                       : Claim::no;
  if (!asked.initiator.empty() && is_text(asked.initiator))
    findings.fact(Fact::iscsi_initiator, asked.initiator);
  return std::max(asked.claim, answered.claim);
}

Claim recognise(const Opening& opening, Findings& findings) {
  return either_way(opening, findings, judge);
}

}  // namespace

extern const Application iscsi_application;
const Application iscsi_application{"iscsi", over_tcp, ports, recognise};

}  // namespace vmoat
