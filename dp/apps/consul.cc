// consul: HashiCorp Consul between its agents: gossip (memberlist's messages in MessagePack over UDP and TCP)
// and the servers' RPC, told by its first byte and method names. Other programs gossip so, too: a guess until
// a message names Consul.
#include "apps/sides.h"
#include "apps/text.h"

namespace vmoat {
namespace {

constexpr uint16_t ports[] = {8300, 8301, 8302};
enum Gossip : uint8_t {
  ping,
  indirect_ping,
  acknowledge,
  suspect,
  alive,
  dead,
  push_pull,
  compound,
  user,
  compressed,
  encrypted,
  no_acknowledge,
  checked,
  failed
};
enum Rpc : uint8_t { rpc_plain = 0, rpc_raft = 1, rpc_multiplexed = 4 };
constexpr size_t nested_max = 4;

/** A MessagePack map of at most 15 pairs whose first key is text: the key, or nothing. */
std::string_view first_key(Bytes bytes) {
  ByteReader in(bytes);
  const uint8_t map = in.u8(), text = in.u8();
  if (!in.ok() || (map & 0xf0) != 0x80 || map == 0x80 || (text & 0xe0) != 0xa0) return {};
  return in.text(text & 0x1f);
}

/** The keys that a message of its kind begins with; encoders sort them or keep the order of the struct. */
bool is_key_of(uint8_t kind, std::string_view key) {
  switch (kind) {
    case ping:
    case acknowledge:
    case no_acknowledge:
      return key == "SeqNo" || key == "Node" || key == "Payload";
    case indirect_ping:
      return key == "SeqNo" || key == "Nack" || key == "Target" || key == "Node" || key == "Port";
    case suspect:
    case dead:
      return key == "Incarnation" || key == "From" || key == "Node";
    case alive:
      return key == "Incarnation" || key == "Addr" || key == "Meta" || key == "Node";
    case push_pull:
      return key == "Nodes" || key == "Join" || key == "UserStateLen";
    case compressed:
      return key == "Algo" || key == "Buf";
    case failed:
      return key == "Error";
    default:
      return false;
  }
}

/** What only an agent of Consul says of itself: its role, its data centre's name as a tag. */
bool names_consul(Bytes bytes) {
  const std::string_view text = as_text(bytes);
  return text.find(
             "\xa4role\xa6"
             "consul") != text.npos ||
         text.find(
             "\xa2"
             "dc\xa3") != text.npos ||
         text.find("wan_join_port") != text.npos || text.find("consul:") != text.npos;
}

/** The parts of a compound message: a number, as many lengths, then the parts, which fill the datagram. */
Bytes first_part(Bytes bytes) {
  ByteReader in(bytes);
  const uint8_t count = in.u8();
  size_t all = 0, first = 0;
  for (uint8_t i = 0; i < count; i++) {
    const uint16_t length = in.be16();
    if (i == 0) first = length;
    all += length;
  }
  return in.ok() && count > 0 && all == in.left() ? in.bytes(first) : Bytes{};
}

/** One message; around it may stand a checksum or a list. */
Claim read_gossip(Bytes bytes) {
  const bool named = names_consul(bytes);
  for (size_t depth = 0; depth < nested_max && bytes.size() > 2; depth++) {
    const uint8_t kind = bytes[0];
    const Bytes body = bytes.subspan(1);
    if (kind == checked && body.size() > 4) {
      bytes = body.subspan(4);
    } else if (kind == compound) {
      bytes = first_part(body);
    } else {
      return is_key_of(kind, first_key(body)) ? (named ? Claim::sure : Claim::guess) : Claim::no;
    }
  }
  return Claim::no;
}

/** Endpoints that Nomad, which speaks likewise, does not have. */
bool is_method_of_consul(std::string_view text) {
  for (std::string_view service :
       {"Catalog.", "Health.", "KVS.", "Coordinate.", "Session.", "ConnectCA.", "PreparedQuery.",
        "Intention.", "ConfigEntry.", "Internal.", "AutoEncrypt."})
    if (text.find(service) != text.npos) return true;
  return false;
}

/** "ServiceMethod" among the first bytes, then an endpoint. */
Claim read_call(Bytes bytes) {
  constexpr size_t within = 96;
  const std::string_view text = as_text(bytes.first(std::min(bytes.size(), within)));
  const size_t at = text.find(
      "\xad"
      "ServiceMethod");
  if (at == text.npos) return bytes.size() < within ? Claim::more : Claim::no;
  const std::string_view method = text.substr(at);
  if (is_method_of_consul(method)) return Claim::sure;
  return bytes.size() < within ? Claim::more : Claim::guess;
}

/** Multiplexed: yamux (hashicorp/yamux, spec.md): version 0, type 0–3, flags, stream, length. */
Claim read_multiplexed(Bytes bytes) {
  ByteReader in(bytes);
  const uint8_t version = in.u8(), type = in.u8();
  const uint16_t flags = in.be16();
  if ((!bytes.empty() && version != 0) || (bytes.size() > 1 && type > 3)) return Claim::no;
  if (bytes.size() >= 4 && flags > 15) return Claim::no;
  return bytes.size() < 12 ? Claim::more : read_call(bytes.subspan(12));
}

/** The raft library's calls: a type, then a map that begins with a header or a term. */
Claim read_raft(Bytes bytes) {
  if (bytes.size() < 2) return Claim::more;
  if (bytes[0] > 4 || (bytes[1] & 0xf0) != 0x80) return Claim::no;
  if (bytes.size() < 24) return Claim::more;
  const std::string_view key = first_key(bytes.subspan(1));
  return key == "RPCHeader" || key == "Term" || key == "Candidate" || key == "Entries" ? Claim::guess
                                                                                       : Claim::no;
}

Claim read_client(Bytes bytes) {
  if (bytes.empty()) return Claim::more;
  const Bytes rest = bytes.subspan(1);
  if (rest.empty()) return bytes[0] <= failed ? Claim::more : Claim::no;
  if (bytes[0] == push_pull || bytes[0] == compressed) {  // a join: gossip over TCP
    if (rest.size() >= 24) return read_gossip(bytes);
    return (rest[0] & 0xf0) == 0x80 ? Claim::more : Claim::no;
  }
  if (bytes[0] == rpc_multiplexed) return read_multiplexed(rest);
  if (bytes[0] == rpc_raft) return read_raft(rest);
  return bytes[0] == rpc_plain && (rest[0] & 0xf0) == 0x80 ? read_call(rest) : Claim::no;
}

Claim judge(Bytes client, Bytes, const Opening& opening, Findings&) {
  const Claim claim = read_client(client);
  return claim == Claim::guess && !opening.cut && client.size() < opening_bytes_max ? Claim::more : claim;
}

Claim recognise(const Opening& opening, Findings& findings) {
  if (opening.transport == over_udp) return read_gossip(datagram(opening));
  return either_way(opening, findings, judge);
}

}  // namespace

extern const Application consul_application;
const Application consul_application{"consul", over_tcp | over_udp, ports, recognise};

}  // namespace vmoat
