// TCP tracking: what one segment does to a session, both directions seen or not (RFC 9293, RFC 5961 for
// resets).
#pragma once

#include "session/session.h"

namespace vmoat {

/** How much of a stream reaches us. */
enum class Sight : uint8_t {
  flags,  // live and decided: only changes of flags come up
  data,   // live: data comes up while an appetite lasts, acknowledgements do not
  all,    // offline: everything, so that what is acknowledged unseen is a gap
};

/** What to do with a segment's data. */
struct Segment {
  enum Kind : uint8_t {
    none,      // no data, or nothing new
    in_order,  // `data` goes to the stream
    early,     // `data` begins at `seq`, beyond what is due
    repeated,  // `data` was seen before, `seq` is its first byte
    reused,    // a new connection between the same ports: end the session and begin another
  };
  Kind kind = none;
  uint32_t seq = 0;
  Bytes data;
};

/** Moves the session's state; anomalies go to the packet. A reset counts where RFC 5961 has its receiver obey
 * it; a SYN amid a connection begins another one once the peer has answered it. */
Segment track_tcp(Session& session, int sender, Packet& packet, Sight sight);

/** The bytes from `from` to `to` in sequence space, negative when `to` is before. */
inline int32_t distance(uint32_t from, uint32_t to) {
  return static_cast<int32_t>(to - from);
}

}  // namespace vmoat
