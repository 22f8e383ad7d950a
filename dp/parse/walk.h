// Walk: the way through a frame, from its link layer to a transport header, and into a tunnel.
#pragma once

#include "parse/headers.h"

namespace vmoat {

constexpr int tunnel_depth_max = 4;

/** Decodes the frame's outermost level into a fresh packet. */
void decode(const Frame& frame, Packet& packet);
/** Decodes what a tunnel holds into a fresh packet; `cut` as of the outer one. */
void decode(const Inner& inner, bool cut, Packet& packet);
/** Decodes a packet whose body was put together from fragments: further extension headers, transport. A
 * fragment within is not looked into (`ipv6-extension-order`). */
void decode_whole(Packet& packet);

/** UDP ports behind which tunnels are looked for; 0 = no port. */
struct TunnelPorts {
  static constexpr size_t count_max = 8;
  using List = std::array<uint16_t, count_max>;
  List vxlan = {4789, 4790, 8472};  // IANA's, GPE's, Linux's before there was one
  List geneve = {6081};
  List gtp = {2152};
};
/** Whether packets of a flow between these ports, either way, may be tunnels for all that their headers say.
 */
bool may_tunnel(uint8_t proto, uint16_t port, uint16_t other_port, const TunnelPorts& ports);
/** The tunnel that this packet is, if it is one. */
Inner inner_of(Packet& packet, const TunnelPorts& ports);

/** Every frame parser by name, for fuzzing: takes the bytes of its header on. */
struct FrameParser {
  std::string_view name;
  void (*run)(Bytes bytes);
};
std::span<const FrameParser> frame_parsers();

}  // namespace vmoat
