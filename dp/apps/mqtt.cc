// mqtt: MQTT 3.1, 3.1.1 and 5 (OASIS): a CONNECT packet with the protocol's name and level; without it
// several packets that have the forms of their types, a topic among them.
#include "apps/sides.h"
#include "apps/text.h"

namespace vmoat {
namespace {

constexpr uint16_t ports[] = {1883};
constexpr uint8_t connect_packet = 0x10, acknowledge_packet = 0x20;

/** Remaining length: seven bits a byte, at most four (MQTT 5, 1.5.5). */
uint32_t take_length(ByteReader& in) {
  uint32_t value = 0;
  for (int shift = 0; shift < 28; shift += 7) {
    const uint8_t byte = in.u8();
    value |= static_cast<uint32_t>(byte & 0x7f) << shift;
    if (!(byte & 0x80)) return value;
  }
  in.fail();
  return 0;
}

/** Client id behind level, flags, keep-alive and (5) properties. */
std::string_view read_client_id(ByteReader in, uint8_t level) {
  in.skip(3);
  if (level == 5) in.skip(take_length(in));
  const std::string_view id = in.text(in.be16());
  return in.ok() && is_text(id) ? id : std::string_view{};
}

/** User name behind client id and will (MQTT 5, 3.1.3); the password behind it is not looked at. */
std::string_view read_user(ByteReader in, uint8_t level) {
  enum Flag : uint8_t { has_will = 0x04, has_user = 0x80 };
  const uint8_t flags = in.u8();
  in.skip(2);
  if (level == 5) in.skip(take_length(in));
  in.skip(in.be16());
  if (flags & has_will) {
    if (level == 5) in.skip(take_length(in));
    in.skip(in.be16());
    in.skip(in.be16());
  }
  if (!(flags & has_user)) return {};
  const std::string_view user = in.text(in.be16());
  return in.ok() && is_text(user) ? user : std::string_view{};
}

struct Connect {
  Claim claim = Claim::more;
  std::string_view id, user = {};
};

Connect read_connect(Bytes bytes) {
  ByteReader in(bytes);
  if (!bytes.empty() && bytes[0] != connect_packet) return {Claim::no, {}};
  in.u8();
  const uint32_t length = take_length(in);
  if (!in.ok()) return {bytes.size() > 4 ? Claim::no : Claim::more, {}};
  if (length < 12) return {Claim::no, {}};
  constexpr std::string_view name = std::string_view("\0\4MQTT", 6),
                             old_name = std::string_view("\0\6MQIsdp", 8);
  const Claim plain = begins(in.rest(), name), old = begins(in.rest(), old_name);
  if (plain != Claim::sure && old != Claim::sure) return {std::max(plain, old), {}};
  in.skip(plain == Claim::sure ? name.size() : old_name.size());
  const uint8_t level = in.u8();
  if (!in.ok()) return {};
  const bool known = plain == Claim::sure ? (level & 0x7f) == 4 || level == 5
                                          : (level & 0x7f) == 3;  // bridges set the top bit
  return {known ? Claim::sure : Claim::no, read_client_id(in, level), read_user(in, level & 0x7f)};
}

/** A topic that is published to: text without wildcards (MQTT 5, 4.7). */
bool is_topic(std::string_view topic) {
  return !topic.empty() && is_text(topic) && topic.find_first_of("#+") == topic.npos;
}

/** Packet id and quality of service 0 to 2 stand with a SUBSCRIBE's filter; 5 has properties before it. */
bool is_subscription(Bytes body) {
  ByteReader in(body);
  in.skip(2);
  if (in.left() > 0 && in.rest()[0] == 0 && in.left() > 2 && in.rest()[1] == 0 && in.rest()[2] != 0)
    in.skip(1);
  const std::string_view filter = in.text(in.be16());
  return in.ok() && !filter.empty() && is_text(filter) && in.u8() <= 2 && in.ok();
}

enum Type : uint8_t {
  publish = 3,
  release = 6,
  subscribe = 8,
  ping = 12,
  pong = 13,
  disconnect = 14,
  authenticate = 15
};

/** Whether flags, length and body are those of the type (MQTT 5, 2.1.3). */
bool fits(uint8_t first, Bytes body) {
  const uint8_t type = first >> 4, flags = first & 15;
  if (type == publish) {
    ByteReader in(body);
    const std::string_view topic = in.text(in.be16());
    return in.ok() && (flags & 6) != 6 && is_topic(topic);
  }
  if (flags != (type == release || type == subscribe || type == 10 ? 2 : 0)) return false;
  if (type == ping || type == pong) return body.empty();
  if (type == subscribe) return is_subscription(body);
  if (type == disconnect) return body.size() < 64;
  return type >= 2 && type < authenticate && body.size() >= 2 && body.size() < 256;
}

struct Packets {
  int whole = 0, topics = 0;
  bool wrong = false;
};

Packets read_packets(Bytes bytes) {
  Packets all;
  ByteReader in(bytes);
  while (in.left() >= 2 && all.whole < 8) {
    const uint8_t first = in.u8();
    const uint32_t length = take_length(in);
    if (in.left() < length) break;
    const Bytes body = in.bytes(length);
    if (!in.ok()) break;
    if (!fits(first, body)) return all.wrong = true, all;
    all.whole++;
    all.topics += first >> 4 == publish || first >> 4 == subscribe ? 1 : 0;
  }
  return all;
}

/** Without the CONNECT: two packets of which one bears a topic. */
Claim read_session(Bytes client, Bytes server) {
  const Packets asked = read_packets(client), answered = read_packets(server);
  if (asked.wrong || answered.wrong) return Claim::no;
  const int topics = asked.topics + answered.topics;
  return asked.whole + answered.whole >= 2 && topics > 0 ? Claim::sure : Claim::more;
}

Claim judge(Bytes client, Bytes server, const Opening& opening, Findings& findings) {
  const bool begun = !client.empty() && client[0] == connect_packet;
  if (!begun && (opening.midstream || (client.empty() && !server.empty() && server[0] == acknowledge_packet)))
    return read_session(client, server);
  const Connect connect = read_connect(client);
  const bool strange =
      !server.empty() && server[0] != acknowledge_packet && server[0] < 0xe0;  // DISCONNECT and AUTH of 5
  if (connect.claim != Claim::sure || strange) return strange ? Claim::no : connect.claim;
  if (!connect.id.empty()) findings.fact(Fact::mqtt_client, connect.id);
  if (!connect.user.empty()) findings.fact(Fact::mqtt_user, connect.user);
  if (connect.id.empty() && server.empty()) findings.unfinished();
  return Claim::sure;
}

Claim recognise(const Opening& opening, Findings& findings) {
  return either_way(opening, findings, judge);
}

}  // namespace

extern const Application mqtt_application;
const Application mqtt_application{"mqtt", over_tcp, ports, recognise};

}  // namespace vmoat
