// The list of threats: one line each, NAME standing for NAME.cc, which defines NAME_threat. Its place is its
// bit in FlowRecord::threats.
#pragma once

#define EACH_THREAT(X) \
  X(invalid_packet)    \
  X(tcp_flags)         \
  X(teardrop)          \
  X(fragment_abuse)    \
  X(ping_of_death)     \
  X(syn_with_data)     \
  X(split_handshake)   \
  X(land)
