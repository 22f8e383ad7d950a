// elasticsearch: the transport protocol between its nodes: "ES", length, request id, status and version. Its
// REST interface is a layer of http.
#include "apps/sides.h"
#include "apps/text.h"

namespace vmoat {
namespace {

constexpr uint16_t ports[] = {9300};
constexpr size_t keep_alive_bytes = 6;  // "ES" and -1 for the length
constexpr uint32_t message_bytes_max = 1U << 30;
constexpr uint8_t status_response = 1, status_max = 0x0f;

/** Versions are numbers such as 7100299 for 7.10.2; from 8.9 on they only count up. */
bool is_version(uint32_t version) {
  const uint32_t plain = version & ~0x08000000U;  // set by later servers
  return plain >= 1000000 && plain < 100000000;
}

struct Message {
  Claim claim = Claim::more;
  bool response = false;
};

Message read_message(Bytes bytes) {
  Message message;
  while (begins(bytes, "ES\xff\xff\xff\xff") == Claim::sure) bytes = bytes.subspan(keep_alive_bytes);
  message.claim = begins(bytes, "ES");
  if (message.claim != Claim::sure) return message;
  ByteReader in(bytes);
  in.skip(2);
  const uint32_t length = in.be32();
  if (in.ok() && (length < 13 || length > message_bytes_max)) message.claim = Claim::no;
  in.skip(8);
  const uint8_t status = in.u8();
  if (in.ok() && status > status_max) message.claim = Claim::no;
  const uint32_t version = in.be32();
  if (message.claim == Claim::no) return message;
  message.response = status & status_response;
  message.claim = !in.ok() ? Claim::more : is_version(version) ? Claim::sure : Claim::no;
  return message;
}

/** Either node may ask over a connection that stands; its opener asks first. */
Claim judge(Bytes client, Bytes server, const Opening& opening, Findings&) {
  const Message asked = read_message(client), answered = read_message(server);
  if (asked.claim == Claim::no || answered.claim == Claim::no) return Claim::no;
  const bool turned = (asked.claim == Claim::sure && asked.response) ||
                      (answered.claim == Claim::sure && !answered.response && asked.claim != Claim::sure);
  if (turned && !opening.midstream) return Claim::no;
  return std::max(asked.claim, answered.claim);
}

Claim recognise(const Opening& opening, Findings& findings) {
  return either_way(opening, findings, judge);
}

}  // namespace

extern const Application elasticsearch_application;
const Application elasticsearch_application{"elasticsearch", over_tcp, ports, recognise};

}  // namespace vmoat
