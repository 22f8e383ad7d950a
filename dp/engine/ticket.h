// Ticket: what a held frame waits with that cannot be ruled on before another one.
#pragma once

#include "session/tcp.h"

namespace vmoat {

struct Ticket {
  /** Of what one TCP client says, or of the fragments of one datagram. 0: none. */
  uint64_t line = 0;
  /** Where in the line: a sequence number; fragments all wait for the first one, at 0. */
  uint32_t seq = 0;

  bool operator==(const Ticket&) const = default;
};

/** Whether nothing is missing any more before who waits with it, when the line has come to `now`. */
inline bool is_due(const Ticket& waiting, const Ticket& now) {
  return waiting.line == now.line && distance(now.seq, waiting.seq) <= 0;
}

}  // namespace vmoat
