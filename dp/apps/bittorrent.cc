// bittorrent: the peer handshake (BEP 3) over TCP, and over uTP (BEP 29), peers' messages mid-stream; over
// UDP the distributed hash table (BEP 5), trackers (BEP 15) and the search for local peers (BEP 14).
#include "apps/sides.h"
#include "apps/text.h"

namespace vmoat {
namespace {

constexpr uint16_t ports[] = {6881};
constexpr std::string_view handshake =
    "\x13"
    "BitTorrent protocol";

/** Length of a message by its kind: choke to not-interested, have, request and cancel, port (BEP 3, BEP 5).
 */
bool is_length_of(uint8_t kind, uint32_t length) {
  constexpr uint8_t have = 4, request = 6, piece = 7, cancel = 8, port = 9;
  constexpr uint32_t piece_bytes_max = (1 << 17) + 9;
  if (kind < have) return length == 1;
  if (kind == have) return length == 5;
  if (kind == request || kind == cancel) return length == 13;
  if (kind == piece) return length > 9 && length <= piece_bytes_max;
  return kind == port && length == 3;
}

/** Messages one behind the other, three at least, of which two carry more than a kind. */
bool is_exchange(Bytes bytes) {
  ByteReader in(bytes);
  int whole = 0, telling = 0;
  while (in.left() >= 5 && telling < 3) {
    const uint32_t length = in.be32();
    if (!is_length_of(in.rest()[0], length)) return false;
    in.skip(length);
    if (!in.ok()) break;
    whole++;
    telling += length >= 5 ? 1 : 0;
  }
  return whole >= 3 && telling >= 2;
}

Claim recognise_stream(const Opening& opening) {
  if (opening.midstream && (is_exchange(opening.client) || is_exchange(opening.server))) return Claim::sure;
  const Claim client = begins(opening.client, handshake), server = begins(opening.server, handshake);
  const bool may_go_on = opening.midstream && (opening.client.empty() || opening.client[0] == 0) &&
                         (opening.server.empty() || opening.server[0] == 0);
  if (client == Claim::no || server == Claim::no) return may_go_on ? Claim::more : Claim::no;
  return std::max(client, server);
}

/** Takes one bencoded string; fails where there is none. */
std::string_view take_string(std::string_view& text, bool& ok) {
  const int64_t length = take_number(text, 5);
  ok = ok && length >= 0 && text.starts_with(':') && static_cast<size_t>(length) < text.size();
  if (!ok) return {};
  const std::string_view value = text.substr(1, static_cast<size_t>(length));
  text.remove_prefix(1 + value.size());
  return value;
}

/** Skips one bencoded value; lists and dictionaries are opened, their depth counted. */
bool skip_value(std::string_view& text) {
  constexpr int depth_max = 16;
  int depth = 0;
  do {
    if (text.empty() || depth > depth_max) return false;
    bool ok = true;
    const char kind = text[0];
    if (is_digit(kind)) {
      take_string(text, ok);
    } else {
      text.remove_prefix(1);
      if (kind == 'i')
        take_until(text, 'e');
      else if (kind == 'l' || kind == 'd')
        depth++;
      else if (kind == 'e')
        depth--;
      else
        return false;
    }
    if (!ok || depth < 0) return false;
  } while (depth > 0);
  return true;
}

/** One dictionary that fills the datagram, of query, response or error, with a transaction (BEP 5). */
bool is_hash_table(std::string_view text) {
  if (!text.starts_with('d')) return false;
  text.remove_prefix(1);
  bool transaction = false, kind = false, ok = true;
  while (!text.empty() && text[0] != 'e') {
    const std::string_view key = take_string(text, ok);
    if (!ok) return false;
    transaction = transaction || key == "t";
    if (key == "y") kind = text.starts_with("1:q") || text.starts_with("1:r") || text.starts_with("1:e");
    if (!skip_value(text)) return false;
  }
  return transaction && kind && text == "e";
}

/** uTP: a header of version 1 with extensions that fit. Its SYN, or the peers' handshake in it, is sure. */
Claim recognise_utp(Bytes bytes) {
  constexpr uint8_t syn = 4;
  ByteReader in(bytes);
  const uint8_t first = in.u8();
  uint8_t extension = in.u8();
  in.skip(6);
  const uint32_t difference = in.be32();
  in.skip(4);
  const uint16_t sequence = in.be16(), acknowledged = in.be16();
  if (!in.ok() || (first & 15) != 1 || first >> 4 > syn || extension > 2) return Claim::no;
  for (int count = 0; extension != 0 && count < 4; count++) {
    extension = in.u8();
    in.skip(in.u8());
  }
  if (begins(in.rest(), handshake) == Claim::sure) return Claim::sure;
  const bool opens = first >> 4 == syn && difference == 0 && sequence == 1 && acknowledged == 0;
  return in.ok() && opens && in.left() == 0 ? Claim::sure : Claim::no;
}

Claim recognise_datagram(Bytes bytes) {
  constexpr std::string_view tracker("\0\0\x04\x17\x27\x10\x19\x80\0\0\0\0", 12);  // protocol, connect
  const bool asks_tracker = bytes.size() == 16 && begins(bytes, tracker) == Claim::sure;
  const bool searches = begins(bytes, "BT-SEARCH * HTTP/1.1\r\n") == Claim::sure;
  return asks_tracker || searches || is_hash_table(as_text(bytes)) ? Claim::sure : recognise_utp(bytes);
}

Claim recognise(const Opening& opening, Findings&) {
  return opening.transport == over_tcp ? recognise_stream(opening) : recognise_datagram(datagram(opening));
}

}  // namespace

extern const Application bittorrent_application;
const Application bittorrent_application{"bittorrent", over_tcp | over_udp, ports, recognise};

}  // namespace vmoat
