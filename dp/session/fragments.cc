// Fragments: one chain of pieces per datagram, in order of offset, without overlaps.
#include "session/fragments.h"

#include "parse/walk.h"

namespace vmoat {

namespace {

constexpr uint32_t datagrams_max = 8192;

uint32_t hash_of(const Packet& p, uint32_t scope, const SipHash& hash) {
  const uint64_t words[6] = {
      p.src.words[0], p.src.words[1],
      p.dst.words[0], p.dst.words[1],
      p.fragment_id,  uint64_t{scope} << 16 | uint64_t{p.family} << 8 | (p.family == 4 ? p.proto : 0)};
  return static_cast<uint32_t>(hash(words, std::size(words)));
}

/** RFC 791: address pair, protocol, id; RFC 8200: without the protocol. */
bool same_datagram(const Packet& a, const Packet& b) {
  return a.fragment_id == b.fragment_id && a.family == b.family && a.src == b.src && a.dst == b.dst &&
         (a.family == 6 || a.proto == b.proto);
}

void check(Packet& p) {
  const uint32_t length = p.body_length;
  if (p.more_fragments && (length < 8 || length % 8 != 0)) p.odd(Anomaly::fragment_tiny);
  if (p.fragment_offset == 0 && !p.cut && !has_whole_chain(p)) p.odd(Anomaly::fragment_header_cut);
  if (p.fragment_offset == 8 && p.proto == IPPROTO_TCP) p.odd(Anomaly::fragment_tcp_offset1);
}

}  // namespace

Fragments::Fragments(const FragmentOptions& options, SipHash hash, Paths& paths)
    : options_(options),
      hash_(hash),
      paths_(paths),
      waiting_(datagrams_max),
      index_(datagrams_max),
      arena_(options.bytes_max),
      whole_(datagram_bytes_max) {}

Fragments::Piece Fragments::head(uint32_t piece) const {
  Piece p;
  std::memcpy(&p, arena_.at(piece), sizeof p);
  return p;
}

uint32_t Fragments::find_or_begin(const Packet& p, PathNumbers by, int64_t now_ns) {
  const uint32_t scope = by.scope;
  const uint32_t hash = hash_of(p, scope, hash_);
  const uint32_t found = index_.find(
      hash, [&](uint32_t n) { return waiting_[n].scope == scope && same_datagram(waiting_[n].head, p); });
  if (found != 0) return found;
  const uint64_t source_words[3] = {p.src.words[0], p.src.words[1], scope};
  const uint16_t source = static_cast<uint16_t>(hash_(source_words, 3) % sources_.size());
  if (sources_[source] >= options_.per_source_max) return 0;
  const uint32_t number = waiting_.take();
  if (number == 0) return 0;
  if (!index_.insert(hash, number)) return waiting_.give_back(number), 0u;
  Waiting& w = waiting_[number];
  w = {.head = p,
       .scope = scope,
       .path = by.path,
       .hash = hash,
       .first_ns = now_ns,
       .older = newest_,
       .source = source};
  sources_[source]++;
  paths_.hold(by.path);
  (newest_ != 0 ? waiting_[newest_].newer : oldest_) = number;
  newest_ = number;
  return number;
}

uint32_t Fragments::put_piece(Waiting& w, uint32_t before, uint32_t offset, Bytes data) {
  while (!data.empty() && w.piece_count < pieces_max) {
    const Bytes part = data.first(std::min<size_t>(data.size(), piece_room));
    const uint32_t number = arena_.take(static_cast<uint32_t>(sizeof(Piece) + part.size()));
    if (number == 0) return 0;
    const Piece piece = {before == 0 ? w.pieces : head(before).next, offset,
                         static_cast<uint32_t>(part.size())};
    std::memcpy(arena_.at(number), &piece, sizeof piece);
    std::memcpy(arena_.at(number) + sizeof piece, part.data(), part.size());
    if (before == 0) {
      w.pieces = number;
    } else {
      std::memcpy(arena_.at(before), &number, sizeof number);
    }
    w.piece_count++;
    w.held += piece.size;
    offset += piece.size;
    data = data.subspan(part.size());
    before = number;
  }
  return data.empty() ? before : 0;
}

/** Puts what is new of `data` between the pieces that are there. False when memory is out. */
bool Fragments::insert(Waiting& w, uint32_t offset, Bytes data, Packet& packet) {
  uint32_t before = 0, piece = w.pieces;
  const uint32_t held_before = w.held;
  bool overlap = false, differs = false;
  while (!data.empty()) {
    const Piece p = piece != 0 ? head(piece) : Piece{0, datagram_bytes_max + 1, 0};
    if (piece != 0 && p.offset + p.size <= offset) {
      before = piece;
      piece = p.next;
      continue;
    }
    if (offset < p.offset) {
      const size_t room = std::min<size_t>(p.offset - offset, data.size());
      before = put_piece(w, before, offset, data.first(room));
      if (before == 0) return false;
      offset += static_cast<uint32_t>(room);
      data = data.subspan(room);
      continue;
    }
    const size_t from = offset - p.offset, both = std::min<size_t>(p.size - from, data.size());
    overlap = true;
    if (std::memcmp(arena_.at(piece) + sizeof(Piece) + from, data.data(), both) != 0) differs = true;
    offset += static_cast<uint32_t>(both);
    data = data.subspan(both);
  }
  const bool sent_twice = overlap && !differs && w.held == held_before;
  if (overlap && !sent_twice) packet.odd(Anomaly::fragment_overlap);
  return true;
}

Bytes Fragments::assemble(const Waiting& w) {
  for (uint32_t n = w.pieces; n != 0;) {
    const Piece p = head(n);
    std::memcpy(&whole_[p.offset], arena_.at(n) + sizeof p, p.size);
    n = p.next;
  }
  return {whole_.data(), w.total};
}

/** As the kernel does for its flow table: what the first fragment tells of the flow. */
void Fragments::read_ports(const Waiting& w, Packet& head) const {
  if (w.pieces == 0) return;
  const Piece first = this->head(w.pieces);
  if (first.offset != 0) return;
  Packet p = head;
  p.body = {arena_.at(w.pieces) + sizeof first, first.size};
  p.body_length = first.size;
  decode_whole(p);
  head.proto = p.proto;
  head.sport = p.sport;
  head.dport = p.dport;
}

Datagram Fragments::summary(const Waiting& w) const {
  Datagram d = {.head = w.head, .packets = w.packets, .bytes = w.bytes, .anomalies = w.anomalies, .body = {}};
  if (w.has_first) read_ports(w, d.head);
  d.head.body = d.head.payload = {};
  d.head.anomalies = w.cut ? 0 : bit(Anomaly::fragment_incomplete);
  return d;
}

/** Takes the fragment's place in the datagram; false when it says something impossible. */
bool Fragments::fits(Waiting& w, Packet& p) {
  const uint32_t end = p.fragment_offset + p.body_length;
  if (end > datagram_bytes_max) return p.odd(Anomaly::fragment_too_big), false;
  if (!p.more_fragments && w.total != 0 && w.total != end) p.odd(Anomaly::fragment_length);
  if (!p.more_fragments && w.total == 0) w.total = end;
  if (w.total != 0 && end > w.total) return p.odd(Anomaly::fragment_length), false;
  return true;
}

Fragments::Outcome Fragments::add(Packet& p, PathNumbers by, int64_t now_ns, bool counts, Datagram& out) {
  check(p);
  const uint32_t number = find_or_begin(p, by, now_ns);
  if (number == 0) return Outcome::refused;
  Waiting& w = waiting_[number];
  if (counts) {
    w.packets++;
    w.bytes += p.length;
  }
  w.cut = w.cut || p.cut;
  if (p.fragment_offset == 0 && !w.has_first) {
    w.head = p;
    w.has_first = true;
  }
  const bool taken = !w.dropped && fits(w, p) && insert(w, p.fragment_offset, p.body, p);
  if (options_.overlap == Overlap::drop && (p.anomalies & bit(Anomaly::fragment_overlap)) != 0)
    drop_pieces(w);
  w.anomalies |= p.anomalies;
  if (!taken || w.dropped || w.total == 0 || w.held < w.total) return Outcome::held;
  out = summary(w);
  out.head.anomalies = 0;
  out.body = assemble(w);
  const uint32_t path = w.path;
  forget(number);
  paths_.release(path);
  return Outcome::complete;
}

void Fragments::give_back(Waiting& w) {
  for (uint32_t n = w.pieces; n != 0;) {
    const Piece p = head(n);
    arena_.give_back(n);
    n = p.next;
  }
  w.pieces = 0;
}

/** Its number stays taken until its time is over, so that what comes later is not put together either. */
void Fragments::drop_pieces(Waiting& w) {
  if (w.has_first) read_ports(w, w.head);
  give_back(w);
  w.dropped = true;
}

void Fragments::forget(uint32_t number) {
  Waiting& w = waiting_[number];
  give_back(w);
  (w.older != 0 ? waiting_[w.older].newer : oldest_) = w.newer;
  (w.newer != 0 ? waiting_[w.newer].older : newest_) = w.older;
  sources_[w.source]--;
  index_.erase(w.hash, number);
  waiting_.give_back(number);
}

}  // namespace vmoat
