// mqtt: MQTT 3.1, 3.1.1 and 5 (OASIS): a CONNECT packet with the protocol's name and level.
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

struct Connect {
  Claim claim = Claim::more;
  std::string_view id;
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
  return {known ? Claim::sure : Claim::no, read_client_id(in, level)};
}

Claim judge(Bytes client, Bytes server, const Opening&, Findings& findings) {
  const Connect connect = read_connect(client);
  const bool strange =
      !server.empty() && server[0] != acknowledge_packet && server[0] != 0xf0;  // 0xf0: AUTH of 5
  if (connect.claim != Claim::sure || strange) return strange ? Claim::no : connect.claim;
  if (!connect.id.empty()) findings.fact(Fact::mqtt_client, connect.id);
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
