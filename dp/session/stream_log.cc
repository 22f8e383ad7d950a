// Entries of sequence number, size and bytes, one behind the other, in a chain of pieces.
#include "session/stream_log.h"

#include <algorithm>
#include <cstring>

#include "session/tcp.h"

namespace vmoat {
namespace {

constexpr uint32_t far_back = 1u << 29;  // farther than any window (RFC 7323, 2.3: 2^30) that is in use
constexpr uint32_t piece_bytes_min = 128, doublings_max = 5;

}  // namespace

StreamLog::Entry StreamLog::entry(uint32_t number, uint32_t at) const {
  Entry entry;
  std::memcpy(&entry, arena_.at(number) + at, sizeof entry);
  return entry;
}

/** As much as there is room for behind what the piece has. */
size_t StreamLog::append(uint32_t number, uint32_t seq, Bytes said) {
  Piece& p = piece(number);
  const size_t left = p.room - p.used;
  if (left <= sizeof(Entry)) return 0;
  const size_t size = std::min(said.size(), left - sizeof(Entry));
  const Entry entry = {.seq = seq, .size = static_cast<uint32_t>(size)};
  uint8_t* to = arena_.at(number) + p.used;
  std::memcpy(to, &entry, sizeof entry);
  std::memcpy(to + sizeof entry, said.data(), size);
  p.used = static_cast<uint16_t>(p.used + sizeof entry + size);
  return size;
}

/** Another piece, for so many bytes if that is not too much for one, and larger than those before it: most
 * streams say little. */
bool StreamLog::grow(Log& log, size_t bytes) {
  if (log.pieces == pieces_max) drop_first(log);
  const size_t usual = piece_bytes_min << std::min<uint32_t>(log.pieces, doublings_max);
  const auto wanted = static_cast<uint32_t>(
      std::clamp(sizeof(Piece) + sizeof(Entry) + bytes, usual, size_t{Arena::piece_bytes_max}));
  uint32_t number = arena_.take(wanted, log.owner);
  while (number == 0 && log.first != 0) {
    drop_first(log);
    number = arena_.take(wanted, log.owner);
  }
  if (number == 0) return false;
  piece(number) = {.next = 0, .used = sizeof(Piece), .room = static_cast<uint16_t>(Arena::room(wanted))};
  if (log.first == 0)
    log.first = number;
  else
    piece(log.last).next = number;
  log.last = number;
  log.pieces++;
  return true;
}

void StreamLog::keep(Log& log, uint32_t seq, Bytes said) {
  log.until = seq + static_cast<uint32_t>(said.size());
  while (!said.empty()) {
    const size_t kept = log.last != 0 ? append(log.last, seq, said) : 0;
    said = said.subspan(kept);
    seq += static_cast<uint32_t>(kept);
    if (!said.empty() && !grow(log, said.size())) log.from = log.until, said = {};
  }
}

void StreamLog::drop_first(Log& log) {
  const uint32_t gone = log.first;
  log.first = piece(gone).next;
  log.pieces--;
  log.from = log.first != 0 ? entry(log.first, sizeof(Piece)).seq : log.until;
  if (log.first == 0) log.last = 0;
  arena_.give_back(gone);
}

void StreamLog::advance(Log& log, uint32_t seq) {
  const uint32_t edge = seq - far_back;
  while (log.first != 0 && distance(entry(log.first, sizeof(Piece)).seq, edge) > 0) drop_first(log);
  if (distance(log.from, edge) > 0) log.from = edge;
  if (distance(log.until, edge) > 0) log.until = edge;
}

bool StreamLog::differs(uint32_t number, uint32_t seq, Bytes said) const {
  const Piece& p = piece(number);
  const uint8_t* bytes = arena_.at(number);
  const auto size = static_cast<int64_t>(said.size());
  for (uint32_t at = sizeof(Piece); at < p.used;) {
    const Entry e = entry(number, at);
    const uint8_t* kept = bytes + at + sizeof e;
    at += static_cast<uint32_t>(sizeof e) + e.size;
    const int64_t begin = distance(seq, e.seq), end = begin + e.size;  // in what is said
    const int64_t first = std::max<int64_t>(begin, 0), last = std::min(end, size);
    if (first < last &&
        std::memcmp(said.data() + first, kept + (first - begin), static_cast<size_t>(last - first)) != 0)
      return true;
  }
  return false;
}

StreamLog::Match StreamLog::compare(const Log& log, uint32_t seq, Bytes said) const {
  for (uint32_t number = log.first; number != 0; number = piece(number).next)
    if (differs(number, seq, said)) return Match::other;
  return distance(seq, log.from) > 0 ? Match::unknown : Match::same;
}

void StreamLog::drop(Log& log) {
  while (log.first != 0) drop_first(log);
  log = begin(log.until, log.owner);
}

}  // namespace vmoat
