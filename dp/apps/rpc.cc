// rpc: ONC RPC version 2 (RFC 5531) over UDP and TCP; the program names the inner layer: nfs with its
// helpers. The ports that a port mapper tells (RFC 1833) are announced.
#include "apps/lines.h"
#include "base/address_text.h"

namespace vmoat {
namespace {

constexpr uint16_t ports[] = {111, 2049};
constexpr uint32_t programs_max = 0x60000000;
constexpr uint32_t port_mapper = 100000, nfs = 100003, mount = 100005, lock_manager = 100021,
                   status_monitor = 100024, acl = 100227;

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
    findings.enough();
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
  if (call.claim == Claim::sure && call.program != port_mapper) findings.enough();
  return stream && call.claim == Claim::more ? Claim::more : std::max(call.claim, answer.claim);
}

Claim recognise(const Opening& opening, Findings& findings) {
  return either_way(opening, findings, judge);
}

/** A question to the port mapper, as it is kept until its answer comes. */
struct Question {
  uint32_t id = 0;
  bool by_address = false;  // version 3 and 4: the answer is a universal address
  bool tcp = false;
};
constexpr size_t question_bytes = 6, questions_max = 8;

void skip_counted(ByteReader& in) {
  const uint32_t length = in.be32();
  in.skip((size_t{length} + 3) / 4 * 4);
}

/** PMAPPROC_GETPORT and RPCBPROC_GETADDR: both procedure 3, program and version first. */
bool read_question(ByteReader in, Question& question) {
  question.id = in.be32();
  if (in.be32() != 0 || in.be32() != 2 || in.be32() != port_mapper) return false;
  const uint32_t version = in.be32(), procedure = in.be32();
  for (int i = 0; i < 2; i++) {  // credentials, verifier
    in.be32();
    skip_counted(in);
  }
  in.skip(8);
  question.by_address = version > 2;
  const uint32_t word = in.be32();
  question.tcp =
      question.by_address ? in.text(std::min<size_t>(word, in.left())).starts_with("tcp") : word == 6;
  return in.ok() && procedure == 3;
}

/** What is asked now, then what was asked before. */
void keep_question(const Question& question, Bytes before, Findings& findings) {
  std::array<uint8_t, question_bytes * questions_max> kept;
  size_t used = 0;
  for (int shift = 24; shift >= 0; shift -= 8) kept[used++] = static_cast<uint8_t>(question.id >> shift);
  kept[used++] = question.by_address;
  kept[used++] = question.tcp;
  const size_t old = std::min(before.size(), kept.size() - used);
  std::copy_n(before.begin(), old, kept.begin() + static_cast<ptrdiff_t>(used));
  findings.keep({kept.data(), used + old});
}

bool find_question(Bytes kept, uint32_t id, Question& question) {
  ByteReader in(kept);
  while (in.left() >= question_bytes) {
    question.id = in.be32();
    question.by_address = in.u8() != 0;
    question.tcp = in.u8() != 0;
    if (question.id == id) return true;
  }
  return false;
}

/** The port of a universal address: "192.0.2.1.8.1" is port 2049 (RFC 5665, 5.2.3.3); 0 when it has none. */
uint16_t port_of(std::string_view address) {
  uint32_t port = 0;
  for (int i = 0; i < 2; i++) {
    const size_t dot = address.rfind('.');
    if (dot == address.npos) return 0;
    std::string_view digits = address.substr(dot + 1);
    const int64_t number = take_number(digits, 3);
    if (number < 0 || number > 255 || !digits.empty()) return 0;
    port |= static_cast<uint32_t>(number) << 8 * i;
    address = address.substr(0, dot);
  }
  return static_cast<uint16_t>(port);
}

void read_answer(ByteReader in, Bytes asked, Findings& findings) {
  Question question;
  const uint32_t id = in.be32();
  if (in.be32() != 1 || in.be32() != 0 || !find_question(asked, id, question)) return;
  in.be32();
  skip_counted(in);
  if (in.be32() != 0) return;
  const uint32_t word = in.be32();
  const std::string_view address = question.by_address ? in.text(word) : std::string_view{};
  const uint32_t port = question.by_address ? port_of(address) : word;
  if (!in.ok() || port == 0 || port > 65535) return;
  findings.expect({.port = static_cast<uint16_t>(port),
                   .transport = question.tcp ? over_tcp : over_udp,
                   .application = "rpc",
                   .lifetime_s = 300,
                   .once = false});
}

/** A port mapper's messages are short: over TCP each chunk is taken to begin with one. */
void follow(const Opening& opening, Findings& findings) {
  ByteReader in(datagram(opening));
  if (opening.transport == over_tcp) in.be32();
  Question question;
  if (from_server(opening)) return read_answer(in, opening.client_kept, findings);
  if (read_question(in, question)) keep_question(question, opening.client_kept, findings);
}

}  // namespace

extern const Application rpc_application;
const Application rpc_application{"rpc", over_tcp | over_udp, ports, recognise, Appetite::control, follow};

}  // namespace vmoat
