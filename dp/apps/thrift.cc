// thrift: Apache Thrift's strict binary and its compact protocol, framed or not, over TCP and UDP: version,
// message type, a method's name. Methods of Cassandra's old interface name it as the inner layer.
#include "apps/sides.h"
#include "apps/text.h"

namespace vmoat {
namespace {

constexpr uint16_t ports[] = {9090, 9160};
constexpr uint32_t name_bytes_max = 128;
constexpr uint8_t compact_protocol = 0x82;
enum Type : uint8_t { call = 1, reply, exception, oneway };
constexpr std::string_view cassandra_methods[] = {"set_keyspace",       "describe_cluster_name",
                                                  "describe_keyspace",  "describe_keyspaces",
                                                  "describe_version",   "get_slice",
                                                  "batch_mutate",       "multiget_slice",
                                                  "get_range_slices",   "get_indexed_slices",
                                                  "execute_cql_query",  "execute_cql3_query",
                                                  "prepare_cql3_query", "get_count",
                                                  "describe_ring",      "describe_partitioner",
                                                  "system_add_keyspace"};

struct Message {
  Claim claim = Claim::more;
  uint8_t type = 0;
  std::string_view method;
};

bool is_method(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return is_letter(c) || is_digit(c) || c == '_' || c == '.' || c == ':';
  });
}

/** 0x8001, 0, type, name, sequence. */
Message read_message(ByteReader in, size_t seen) {
  Message m;
  const uint16_t version = in.be16();
  const uint8_t zero = in.u8();
  m.type = in.u8();
  const uint32_t length = in.be32();
  const bool wrong = (seen >= 2 && version != 0x8001) || (seen >= 3 && zero != 0) ||
                     (seen >= 4 && (m.type < call || m.type > oneway)) ||
                     (seen >= 8 && (length == 0 || length > name_bytes_max));
  if (wrong) m.claim = Claim::no;
  if (wrong || !in.ok()) return m;
  m.method = as_text(in.rest()).substr(0, length);
  if (!m.method.empty() && !is_method(m.method)) m.claim = Claim::no;
  if (m.claim != Claim::no && m.method.size() == length) m.claim = Claim::sure;
  return m;
}

/** A number of seven bits a byte, at most five. */
uint32_t take_varint(ByteReader& in) {
  uint32_t value = 0;
  for (int shift = 0; shift < 35; shift += 7) {
    const uint8_t byte = in.u8();
    value |= static_cast<uint32_t>(byte & 0x7f) << std::min(shift, 28);
    if (!(byte & 0x80)) return value;
  }
  in.fail();
  return 0;
}

/** Compact: 0x82, type in the top three bits with version 1 below, sequence, name
 * (thrift-compact-protocol.md). */
Message read_compact(ByteReader in) {
  Message m;
  const size_t seen = in.left();
  const uint8_t protocol = in.u8(), second = in.u8();
  m.type = second >> 5;
  if ((seen >= 1 && protocol != compact_protocol) ||
      (seen >= 2 && ((second & 31) != 1 || m.type < call || m.type > oneway)))
    return {Claim::no, 0, {}};
  take_varint(in);
  const uint32_t length = take_varint(in);
  if (!in.ok()) return seen < 12 ? m : Message{Claim::no, 0, {}};
  if (length == 0 || length > name_bytes_max) return {Claim::no, 0, {}};
  m.method = as_text(in.rest()).substr(0, length);
  if (!m.method.empty() && !is_method(m.method)) return {Claim::no, 0, {}};
  if (m.method.size() == length) m.claim = length > 1 ? Claim::sure : Claim::guess;
  return m;
}

/** The frame's length may stand before the message. */
Message read_stream(Bytes bytes) {
  if (bytes.empty()) return {};
  if (bytes[0] == compact_protocol) return read_compact(ByteReader(bytes));
  if (bytes[0] & 0x80) return read_message(ByteReader(bytes), bytes.size());
  ByteReader in(bytes);
  const uint32_t length = in.be32();
  if (!in.ok()) return bytes[0] == 0 ? Message{} : Message{Claim::no, 0, {}};
  if (length < 6 || length > 1 << 28) return {Claim::no, 0, {}};
  return in.left() > 0 && in.rest()[0] == compact_protocol ? read_compact(in) : read_message(in, in.left());
}

Claim judge(Bytes client, Bytes server, const Opening&, Findings& findings) {
  const Message asked = read_stream(client), answered = read_stream(server);
  if (asked.claim == Claim::no || answered.claim == Claim::no) return Claim::no;
  if (asked.claim == Claim::sure && asked.type != call && asked.type != oneway) return Claim::no;
  if (answered.claim == Claim::sure && answered.type != reply && answered.type != exception) return Claim::no;
  const Claim claim = std::max(asked.claim, answered.claim);
  if (claim != Claim::sure) return claim;
  const std::string_view method = asked.claim == Claim::sure ? asked.method : answered.method;
  if (std::find(std::begin(cassandra_methods), std::end(cassandra_methods), method) !=
      std::end(cassandra_methods))
    findings.layer("cassandra");
  return claim;
}

Claim recognise(const Opening& opening, Findings& findings) {
  return either_way(opening, findings, judge);
}

}  // namespace

extern const Application thrift_application;
const Application thrift_application{"thrift", over_tcp | over_udp, ports, recognise};

}  // namespace vmoat
