// rpc: ONC RPC version 2 (RFC 5531) over UDP and TCP; the program names the inner layer: nfs with its
// helpers.
#include "apps/sides.h"

namespace vmoat {
namespace {

constexpr uint16_t ports[] = {111, 2049};
constexpr uint32_t programs_max = 0x60000000;
constexpr uint32_t nfs = 100003, mount = 100005, lock_manager = 100021, status_monitor = 100024, acl = 100227;

struct Message {
  Claim claim = Claim::more;
  bool call = false;
  uint32_t id = 0, program = 0;
};

/** Call: 0, version 2, program, version, procedure, credentials. Reply: 1, accepted or denied, verifier. */
Message read_message(Bytes bytes, bool whole) {
  Message m;
  ByteReader in(bytes);
  m.id = in.be32();
  const uint32_t direction = in.be32(), second = in.be32();
  const bool wrong = (bytes.size() >= 8 && direction > 1) ||
                     (bytes.size() >= 12 && (direction == 0 ? second != 2 : second > 1));
  m.claim = wrong || (!in.ok() && whole) ? Claim::no : Claim::more;
  if (wrong || !in.ok()) return m;
  m.call = direction == 0;
  m.program = m.call ? in.be32() : 0;
  const uint32_t version = m.call ? in.be32() : 1, procedure = m.call ? in.be32() : 0;
  const uint32_t flavor = in.be32(), length = in.be32();
  if (!in.ok()) return m.claim = whole ? Claim::no : Claim::more, m;
  const bool credentials =
      (flavor <= 6 || (flavor >= 390000 && flavor < 390010) || flavor == 200004) && length <= 400;
  const bool numbers = !m.call || (m.program >= 100000 && m.program < programs_max && version >= 1 &&
                                   version <= 10 && procedure < 256);
  if (!credentials || !numbers)
    m.claim = Claim::no;
  else
    m.claim = m.call ? Claim::sure : Claim::guess;
  return m;
}

/** TCP: record marking (RFC 5531, 11): last-fragment bit and length. */
Message read_stream(Bytes bytes, bool cut) {
  ByteReader in(bytes);
  const uint32_t mark = in.be32();
  const uint32_t length = mark & 0x7fffffff;
  if (!bytes.empty() && (bytes[0] & 0x7f) != 0) return {Claim::no, false, 0, 0};
  if (!in.ok()) return {};
  if (length < 24 || length > 1 << 22) return {Claim::no, false, 0, 0};
  return read_message(in.rest().first(std::min<size_t>(in.left(), length)), cut);
}

void note(uint32_t program, Findings& findings) {
  if (program == nfs || program == mount || program == lock_manager || program == status_monitor ||
      program == acl)
    findings.layer("nfs");
}

/** Mid-stream a call may stand behind the rest of a message: direction 0, version 2, the program of NFS. */
bool finds_nfs(Bytes bytes) {
  constexpr std::string_view call("\0\0\0\0\0\0\0\2\0\x01\x86\xa3\0\0\0", 15);
  return as_text(bytes).find(call) != std::string_view::npos;
}

Claim judge(Bytes client, Bytes server, const Opening& opening, Findings& findings) {
  if (opening.midstream && opening.transport == over_tcp && finds_nfs(client)) {
    findings.layer("nfs");
    return Claim::sure;
  }
  const bool stream = opening.transport == over_tcp;
  const auto read = [&](Bytes bytes) {
    if (bytes.empty()) return Message{};
    return stream ? read_stream(bytes, opening.cut) : read_message(bytes, true);
  };
  const Message call = read(client), answer = read(server);
  if (call.claim == Claim::no || answer.claim == Claim::no) return Claim::no;
  if (call.claim >= Claim::guess && !call.call) return Claim::no;
  if (answer.claim >= Claim::guess && answer.call) return Claim::no;
  if (call.claim == Claim::sure && answer.claim == Claim::guess && stream && call.id != answer.id &&
      !opening.midstream)
    return Claim::no;
  if (call.claim == Claim::sure) note(call.program, findings);
  return stream && call.claim == Claim::more ? Claim::more : std::max(call.claim, answer.claim);
}

Claim recognise(const Opening& opening, Findings& findings) {
  return either_way(opening, findings, judge);
}

}  // namespace

extern const Application rpc_application;
const Application rpc_application{"rpc", over_tcp | over_udp, ports, recognise};

}  // namespace vmoat
