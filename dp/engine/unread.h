// Unread: frames that their receiver's stack throws away, whose data nobody may be judged by.
#pragma once

#include "parse/frame.h"
#include "parse/packet.h"

namespace vmoat {

/**
 * Whether the receiver of this frame drops it before it looks at its data: a wrong checksum of IPv4, TCP or
 * UDP (RFC 1071; one that the sender left to its NIC is right), or TCP data without an acknowledgement (RFC
 * 9293, 3.10.7.4); or takes a byte out of it that the stream goes on without: urgent data (RFC 6093, 3.1).
 * `packet` is the frame's outermost, in one piece.
 */
[[nodiscard]] bool is_unread(const Packet& packet, const Frame& frame);

}  // namespace vmoat
