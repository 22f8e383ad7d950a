// Walk: the way through a frame, from its link layer to a transport header, and into a tunnel.
#pragma once

#include "parse/headers.h"

namespace vmoat {

constexpr int tunnel_depth_max = 4;

/** Decodes the frame's outermost level into a fresh packet. */
void decode(const Frame& frame, Packet& packet);
/** Decodes what a tunnel holds into a fresh packet; `cut` as of the outer one. */
void decode(const Inner& inner, bool cut, Packet& packet);
/** Decodes the transport header in packet.body; also for a body that was put together from fragments. */
void decode_transport(Packet& packet);
/** The tunnel that this packet is, if it is one. */
Inner inner_of(Packet& packet);

/** Every frame parser by name, for fuzzing: takes the bytes of its header on. */
struct FrameParser {
  std::string_view name;
  void (*run)(Bytes bytes);
};
std::span<const FrameParser> frame_parsers();

}  // namespace vmoat
