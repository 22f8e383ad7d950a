// Timeouts: how long a session may be silent before it ends, per state. docs/timeouts.md lists them.
#pragma once

#include <cstdint>

namespace vmoat {

/** Seconds; 1 to 16,000 each. */
struct Timeouts {
  uint16_t tcp_half_open_s = 30;      // SYN without the handshake's end
  uint16_t tcp_established_s = 3600;  // also picked up in mid-stream
  uint16_t tcp_closing_s = 120;       // one FIN seen
  uint16_t tcp_closed_s = 3;          // both FINs or a RST seen: late packets still count
  uint16_t unanswered_s = 30;         // UDP and others, TCP picked up in mid-stream: one direction only
  uint16_t udp_s = 180;
  uint16_t icmp_s = 30;
  uint16_t other_s = 300;
};

}  // namespace vmoat
