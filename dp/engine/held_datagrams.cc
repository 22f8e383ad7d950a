#include "engine/held_datagrams.h"

#include <algorithm>
#include <cstring>
#include <span>

#include "parse/headers.h"

namespace vmoat {
namespace {

constexpr uint32_t datagram_bytes_max = 65535;

uint64_t hash_of(const DatagramKey& key, const SipHash& hash) {
  uint64_t words[sizeof key / 8];
  std::memcpy(words, &key, sizeof key);
  return hash(words, std::size(words));
}

}  // namespace

bool is_bad_fragment(const Packet& p) {
  if (p.cut || p.body.empty() || p.fragment_offset + p.body.size() > datagram_bytes_max) return true;
  if (p.more_fragments && p.body.size() % 8 != 0) return true;
  if (p.fragment_offset == 0) return !has_whole_chain(p);
  return p.proto == IPPROTO_TCP && p.fragment_offset < 20;
}

HeldDatagrams::HeldDatagrams(SipHash hash)
    : hash_(hash), all_(datagrams_max), index_(datagrams_max), shares_(VMOAT_SLOTS) {}

Ticket HeldDatagrams::ticket_of(const DatagramKey& key) const {
  return {.line = std::max<uint64_t>(1, hash_of(key, hash_))};
}

uint32_t HeldDatagrams::number(const DatagramKey& key) const {
  return index_.find(static_cast<uint32_t>(hash_of(key, hash_)),
                     [&](uint32_t n) { return all_[n].key == key; });
}

uint32_t HeldDatagrams::content_of(const Packet& p) const {
  uint64_t sum = 0, words[64];
  for (Bytes rest = p.body; !rest.empty();) {
    const size_t size = std::min(rest.size(), sizeof words - sizeof sum);
    words[0] = sum;
    words[(size + 7) / 8] = 0;
    std::memcpy(&words[1], rest.data(), size);
    sum = hash_(words, 1 + (size + 7) / 8);
    rest = rest.subspan(size);
  }
  return static_cast<uint32_t>(sum);
}

uint32_t HeldDatagrams::make(const DatagramKey& key, int64_t now_ns) {
  if (share_of(key) >= datagrams_max / share) return 0;
  const uint32_t number = all_.take();
  if (number == 0) return 0;
  Datagram& d = all_[number];
  d.key = key;
  d.hash = static_cast<uint32_t>(hash_of(key, hash_));
  if (!index_.insert(d.hash, number)) return all_.give_back(number), 0;
  d.until_ns = now_ns + known_ns;
  d.older = newest_;
  (newest_ != 0 ? all_[newest_].newer : oldest_) = number;
  newest_ = number;
  share_of(key)++;
  return number;
}

bool HeldDatagrams::begin(const DatagramKey& key, const Packet& first, const DatagramOwner& owner,
                          int64_t now_ns) {
  expire(now_ns);
  uint32_t n = number(key);
  if (n == 0) n = make(key, now_ns);
  if (n == 0) return false;
  Datagram& d = all_[n];
  if (!fits(d, first)) return false;
  d.owner = owner;
  return true;
}

const DatagramOwner* HeldDatagrams::find(const DatagramKey& key, int64_t now_ns) {
  expire(now_ns);
  const uint32_t n = number(key);
  return n != 0 ? &all_[n].owner : nullptr;
}

bool HeldDatagrams::add(const DatagramKey& key, const Packet& fragment) {
  const uint32_t n = number(key);
  if (n == 0 || !fits(all_[n], fragment)) return false;
  if (all_[n].total != 0 && all_[n].held == all_[n].total) forget(n);  // its id may be used again
  return true;
}

/** The same fragment may come twice; one that overlaps another may not. */
bool HeldDatagrams::fits(Datagram& d, const Packet& p) {
  const uint32_t begin = p.fragment_offset, end = begin + static_cast<uint32_t>(p.body.size());
  const Piece piece = {static_cast<uint16_t>(begin), static_cast<uint16_t>(end), content_of(p)};
  bool came = false;
  for (const Piece& other : std::span(d.piece, d.pieces)) {
    if (begin >= other.end || end <= other.begin) continue;
    came = begin == other.begin && end == other.end && piece.content == other.content;
    d.bad |= !came;
  }
  if (!p.more_fragments) d.bad |= d.total != 0 && d.total != end, d.total = end;
  d.bad |= d.total != 0 && (end > d.total || (p.more_fragments && end == d.total));
  d.bad |= !came && d.pieces == pieces_max;
  if (d.bad || came) return !d.bad;
  d.piece[d.pieces++] = piece;
  d.held += end - begin;
  return true;
}

void HeldDatagrams::expire(int64_t now_ns) {
  while (oldest_ != 0 && all_[oldest_].until_ns <= now_ns) forget(oldest_);
}

void HeldDatagrams::forget(uint32_t number) {
  Datagram& d = all_[number];
  (d.older != 0 ? all_[d.older].newer : oldest_) = d.newer;
  (d.newer != 0 ? all_[d.newer].older : newest_) = d.older;
  share_of(d.key)--;
  index_.erase(d.hash, number);
  all_.give_back(number);
}

}  // namespace vmoat
