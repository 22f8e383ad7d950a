// memcached: the text protocol (doc/protocol.txt), the binary one (doc/protocol-binary.xml), and text over
// UDP.
#include "apps/memcached_binary.h"
#include "apps/sides.h"
#include "apps/text.h"

namespace vmoat {
namespace {

constexpr uint16_t ports[] = {11211};
constexpr std::string_view commands[] = {
    "get ",     "gets ",       "gat ",      "set ",   "add ",  "replace ", "append ",
    "prepend ", "cas ",        "delete ",   "incr ",  "decr ", "touch ",   "stats\r\n",
    "stats ",   "version\r\n", "flush_all", "mn\r\n", "mg ",   "ms ",      "verbosity "};
constexpr std::string_view storing[] = {"set ", "add ", "replace ", "append ", "prepend ", "cas "};
constexpr std::string_view replies[] = {
    "VALUE ",        "END\r\n",       "STORED\r\n", "NOT_STORED\r\n", "EXISTS\r\n", "NOT_FOUND\r\n",
    "DELETED\r\n",   "TOUCHED\r\n",   "STAT ",      "VERSION ",       "OK\r\n",     "ERROR\r\n",
    "CLIENT_ERROR ", "SERVER_ERROR ", "RESET\r\n",  "MN\r\n",         "HD\r\n",     "EN\r\n"};
constexpr std::string_view own_replies[] = {"VALUE ", "STORED\r\n", "NOT_STORED\r\n", "STAT pid "};

/** "set KEY FLAGS TIME BYTES": four words behind the command, the last three of them numbers. */
bool is_storage(std::string_view line) {
  take_until(line, ' ');
  const std::string_view key = take_until(line, ' ');
  if (key.empty() || key.size() > 250) return false;
  for (int i = 0; i < 3; i++) {
    std::string_view word = take_until(line, ' ');
    if (word.starts_with('-')) word.remove_prefix(1);
    if (take_number(word, 10) < 0 || !word.empty()) return false;
  }
  return true;
}

/** `sure` for a storage line, `guess` for any other command. */
Claim read_client(Bytes bytes) {
  const Claim command = begins_with_any(bytes, commands);
  if (command != Claim::sure) return command;
  std::string_view text = as_text(bytes);
  const Line line = take_line(text);
  if (!is_text(line.text)) return Claim::no;
  if (!line.complete) return Claim::more;
  if (begins_with_any(bytes, storing) != Claim::sure) return Claim::guess;
  return is_storage(line.text) ? Claim::sure : Claim::no;
}

Claim judge_text(Bytes client, Bytes server) {
  const Claim asked = read_client(client), answered = begins_with_any(server, replies);
  if (asked == Claim::no || answered == Claim::no) return Claim::no;
  if (asked == Claim::sure || begins_with_any(server, own_replies) == Claim::sure) return Claim::sure;
  return asked == Claim::guess && answered == Claim::sure ? Claim::sure : Claim::more;
}

/** Authentication comes first with Couchbase, too. */
bool is_authentication(const BinaryPacket& p) {
  return p.opcode >= 0x20 && p.opcode <= 0x22;
}

/** A response with the opcode and the opaque value of a request is the proof, where nothing is Couchbase's.
 */
Claim judge_binary(Bytes client, Bytes server) {
  const BinaryPackets asked = read_packets(client, true), said = read_packets(server, false);
  if (asked.claim == Claim::no || said.claim == Claim::no || asked.couchbase || said.couchbase)
    return Claim::no;
  const BinaryPacket* pair = answered(asked, said);
  if (pair == nullptr) return asked.kept > 0 && said.kept > 0 ? Claim::no : Claim::more;
  return is_authentication(*pair) && asked.kept == 1 ? Claim::guess : Claim::sure;
}

Claim judge(Bytes client, Bytes server, const Opening&, Findings&) {
  return std::max(judge_text(client, server), judge_binary(client, server));
}

/** UDP: request id, sequence 0, one datagram, reserved 0, then text. */
Claim recognise_datagram(const Opening& opening, Findings& findings) {
  const Bytes bytes = datagram(opening);
  ByteReader in(bytes);
  in.skip(2);
  const uint16_t sequence = in.be16(), total = in.be16(), reserved = in.be16();
  if (!in.ok() || sequence != 0 || total == 0 || reserved != 0) return Claim::no;
  const Claim asked = read_client(in.rest());
  const Claim answered = begins_with_any(in.rest(), replies);
  const Claim claim = answered == Claim::sure ? answered : asked;
  if (claim < Claim::guess) return Claim::no;
  if ((claim == answered) != from_server(opening)) findings.ends_swapped();
  return Claim::sure;
}

Claim recognise(const Opening& opening, Findings& findings) {
  if (opening.transport == over_udp) return recognise_datagram(opening, findings);
  return either_way(opening, findings, judge);
}

}  // namespace

extern const Application memcached_application;
const Application memcached_application{"memcached", over_tcp | over_udp, ports, recognise};

}  // namespace vmoat
