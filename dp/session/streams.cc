// Streams: openings grow from size class to size class; early segments are short chains, searched linearly.
#include "session/streams.h"

#include "session/tcp.h"

namespace vmoat {

Bytes Streams::opening(const Session& s, int end) const {
  if (s.opening[end] == 0) return {};
  return {arena_.at(s.opening[end]), s.opening_bytes[end]};
}

bool Streams::keep(Session& s, int end, Bytes data) {
  const uint32_t had = s.opening_bytes[end];
  if (data.size() > window_bytes_max - had) data = data.first(window_bytes_max - had);
  if (data.empty()) return true;
  const uint32_t needs = had + static_cast<uint32_t>(data.size());
  if (s.opening[end] == 0 || needs > Arena::room(had)) {
    const uint32_t grown = arena_.take(needs, s.spending_slot());
    if (grown == 0) return false;
    if (s.opening[end] != 0) {
      std::memcpy(arena_.at(grown), arena_.at(s.opening[end]), had);
      arena_.give_back(s.opening[end]);
    }
    s.opening[end] = grown;
  }
  std::memcpy(arena_.at(s.opening[end]) + had, data.data(), data.size());
  s.opening_bytes[end] = static_cast<uint16_t>(needs);
  return true;
}

bool Streams::replace(Session& s, int end, Bytes data) {
  if (s.opening[end] != 0) arena_.give_back(s.opening[end]);
  s.opening[end] = 0;
  s.opening_bytes[end] = 0;
  return keep(s, end, data);
}

Streams::Early Streams::head(uint32_t piece) const {
  Early e;
  std::memcpy(&e, arena_.at(piece), sizeof e);
  return e;
}

bool Streams::keep_early(Session& s, int end, uint32_t seq, Bytes data, uint32_t length) {
  if (s.tcp[end].early == early_segments_max) return false;
  const size_t size = std::min<size_t>(data.size(), Arena::piece_bytes_max - sizeof(Early));
  const uint32_t piece = arena_.take(static_cast<uint32_t>(sizeof(Early) + size), s.spending_slot());
  if (piece == 0) return false;
  const Early e = {.next = s.early[end], .seq = seq, .length = length, .size = static_cast<uint32_t>(size)};
  std::memcpy(arena_.at(piece), &e, sizeof e);
  if (size != 0) std::memcpy(arena_.at(piece) + sizeof e, data.data(), size);
  s.early[end] = piece;
  s.tcp[end].early++;
  return true;
}

Bytes Streams::take_early(Session& s, int end) {
  TcpEnd& me = s.tcp[end];
  for (uint32_t piece = s.early[end], before = 0; piece != 0;) {
    const Early e = head(piece);
    const int32_t off = distance(me.next, e.seq);
    if (off > 0) {
      before = piece;
      piece = e.next;
      continue;
    }
    if (before == 0) {
      s.early[end] = e.next;
    } else {
      std::memcpy(arena_.at(before), &e.next, sizeof e.next);
    }
    me.early--;
    std::memcpy(due_.data(), arena_.at(piece) + sizeof e, e.size);
    arena_.give_back(piece);
    const uint32_t known = static_cast<uint32_t>(-off);
    if (e.length > known) {
      me.next += e.length - known;
      if (e.size < e.length) me.gap = true;
      if (e.size > known) return {due_.data() + known, e.size - known};
    }
    piece = s.early[end];
    before = 0;
  }
  return {};
}

bool Streams::differs(const Session& s, int end, uint32_t seq, Bytes data) const {
  const Bytes kept = opening(s, end);
  if (kept.empty() || kept.size() == window_bytes_max || s.tcp[end].gap) return false;
  const int32_t off = distance(s.tcp[end].next - static_cast<uint32_t>(kept.size()), seq);
  const size_t skip = off < 0 ? static_cast<size_t>(-off) : 0, from = off < 0 ? 0 : static_cast<size_t>(off);
  if (skip >= data.size() || from >= kept.size()) return false;
  const size_t length = std::min(data.size() - skip, kept.size() - from);
  return std::memcmp(&data[skip], &kept[from], length) != 0;
}

void Streams::drop_early(Session& s, int end) {
  while (s.early[end] != 0) {
    const uint32_t piece = s.early[end];
    const Early e = head(piece);
    s.early[end] = e.next;
    arena_.give_back(piece);
  }
  s.tcp[end].early = 0;
}

void Streams::drop_openings(Session& s) {
  for (int end = 0; end < 2; end++) {
    if (s.opening[end] != 0) arena_.give_back(s.opening[end]);
    s.opening[end] = 0;
    s.opening_bytes[end] = 0;
  }
}

void Streams::drop(Session& s) {
  drop_openings(s);
  drop_early(s, 0);
  drop_early(s, 1);
}

}  // namespace vmoat
