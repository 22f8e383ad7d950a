// Fragments: puts IPv4 and IPv6 datagrams together again, bounded in memory, time and per source. An overlap
// is named and treated by policy; the same fragment sent twice is none (RFC 791, 8200, 5722; 8900 on why
// nobody should need this).
#pragma once

#include <array>
#include <vector>

#include "base/arena.h"
#include "base/bucket_index.h"
#include "base/clock.h"
#include "base/slab.h"
#include "session/paths.h"
#include "session/session.h"

namespace vmoat {

/** What becomes of a datagram whose fragments overlap. */
enum class Overlap : uint8_t {
  first,  // what came first is believed, as most stacks did
  drop,   // none of it is put together (RFC 5722, and what Linux does)
};

struct FragmentOptions {
  uint32_t bytes_max = 16u << 20;  // held of all datagrams
  uint16_t timeout_s = 30;         // from a datagram's first fragment on
  uint16_t per_source_max = 64;    // datagrams of one source under way
  Overlap overlap = Overlap::first;
};

/** What has come of one datagram. */
struct Datagram {
  Packet head;  // its first fragment's headers where that has come, with its ports, else another's; no spans
  uint32_t packets = 0;    // frames that carried fragments of it
  uint64_t bytes = 0;      // and their layer-2 lengths
  uint64_t anomalies = 0;  // of all its fragments
  Bytes body;              // complete: all of it, valid until the next call
};

class Fragments {
 public:
  static constexpr uint16_t pieces_max = 256;  // of one datagram

  enum class Outcome : uint8_t { refused, held, complete };  // refused: the source has its share under way

  Fragments(const FragmentOptions& options, SipHash hash, Paths& paths);

  /** Takes a fragment of a packet that came `by` a path, and adds it to the datagram's counts if it `counts`.
   * Complete: `out` is the whole datagram, and it is forgotten here. */
  Outcome add(Packet& packet, PathNumbers by, int64_t now_ns, bool counts, Datagram& out);

  /** Whether the oldest datagram has to go before another fragment is taken: a flood must not shut out those
   * whose fragments follow each other. */
  [[nodiscard]] bool is_crowded() const {
    return waiting_.used() == waiting_.capacity() || arena_.used() > options_.bytes_max / 4 * 3;
  }

  /** Calls `gone(datagram, path)` for every datagram whose time is over; all of them at the end. */
  template <class Gone>
  void expire(int64_t now_ns, Gone&& gone) {
    while (oldest_ != 0 && waiting_[oldest_].first_ns + options_.timeout_s * ns_per_s <= now_ns) let_go(gone);
  }
  template <class Gone>
  void let_go(Gone&& gone) {
    const uint32_t number = oldest_, path = waiting_[number].path;
    Datagram datagram = summary(waiting_[number]);
    forget(number);
    gone(datagram, path);
    paths_.release(path);
  }
  [[nodiscard]] uint32_t open() const { return waiting_.used(); }

 private:
  struct Waiting {
    Packet head;
    uint32_t scope, path, hash;
    int64_t first_ns;
    uint32_t older, newer;
    uint32_t pieces;  // chain in order of offset
    uint16_t piece_count, source;
    uint32_t held, total;  // bytes; total 0 = the last fragment has not come
    uint32_t packets;
    uint64_t bytes, anomalies;
    bool has_first, cut, dropped;
  };
  struct Piece {
    uint32_t next;
    uint32_t offset, size;
  };
  static constexpr uint32_t piece_room = Arena::piece_bytes_max - sizeof(Piece);
  static constexpr uint32_t datagram_bytes_max = 65535;

  uint32_t find_or_begin(const Packet& packet, PathNumbers by, int64_t now_ns);
  static bool fits(Waiting& w, Packet& packet);
  bool insert(Waiting& w, uint32_t offset, Bytes data, Packet& packet);
  uint32_t put_piece(Waiting& w, uint32_t before, uint32_t offset, Bytes data);
  [[nodiscard]] Piece head(uint32_t piece) const;
  Bytes assemble(const Waiting& w);
  void give_back(Waiting& w);
  void drop_pieces(Waiting& w);
  void read_ports(const Waiting& w, Packet& head) const;
  Datagram summary(const Waiting& w) const;
  void forget(uint32_t number);

  FragmentOptions options_;
  SipHash hash_;
  Paths& paths_;
  Slab<Waiting> waiting_;
  BucketIndex index_;
  Arena arena_;
  std::array<uint16_t, 4096> sources_{};  // datagrams under way per source, by hash
  uint32_t oldest_ = 0, newest_ = 0;
  std::vector<uint8_t> whole_;
};

}  // namespace vmoat
