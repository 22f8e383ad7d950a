// Packet: one decoded level of a frame, as spans into it. A tunnel's inside is a Packet of its own.
#pragma once

#include <netinet/in.h>

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>

#include "base/byte_reader.h"
#include "contract/records.h"
#include "parse/anomaly.h"
#include "parse/frame.h"

namespace vmoat {

using Mac = std::array<uint8_t, 6>;

/** IPv6, IPv4 as ::ffff:a.b.c.d; in network order. */
struct Address {
  std::array<uint64_t, 2> words{};

  bool operator==(const Address&) const = default;
  [[nodiscard]] const uint8_t* bytes() const { return reinterpret_cast<const uint8_t*>(words.data()); }
  static Address v6(const uint8_t* p) {
    Address a;
    std::memcpy(a.words.data(), p, 16);
    return a;
  }
  static Address v4(const uint8_t* p) {
    uint32_t host;
    std::memcpy(&host, p, 4);
    Address a;
    a.words = {0, uint64_t{host} << 32 | 0xffff0000u};  // little-endian machine: …00 ff ff a b c d
    return a;
  }
};
static_assert(std::endian::native == std::endian::little);

/** What the innermost header that was understood is. */
enum class Layer : uint8_t { none, arp, network, transport };

enum TcpFlags : uint8_t { tcp_fin = 1, tcp_syn = 2, tcp_rst = 4, tcp_psh = 8, tcp_ack = 16, tcp_urg = 32 };

struct Packet {
  // link
  Mac src_mac{}, dst_mac{};
  uint16_t tags[2] = {0, 0};  // VLAN ids, outermost first; further ones are only counted
  uint8_t tag_count = 0;
  Layer layer = Layer::none;
  bool has_macs = false;
  bool cut = false;  // the capture holds less than was on the wire
  uint16_t ethertype = 0;
  TunnelLayer mpls{};  // bottom label, kind none = no MPLS
  // network
  uint8_t family = 0;  // 4, 6; 0 = not IP
  uint8_t proto = 0;   // after all extension headers
  uint8_t ttl = 0;
  uint8_t extensions = 0;  // IPv6: extension headers read so far, those before a fragment's data included
  uint8_t tcp_flags = 0;
  Address src, dst;
  Bytes body;                // payload of IP, without its padding; ARP: its message
  uint32_t body_length = 0;  // on the wire
  bool fragment = false;
  bool more_fragments = false;
  uint16_t fragment_offset = 0;  // bytes
  uint32_t fragment_id = 0;
  uint32_t length = 0;  // of the frame this level came in, on the wire
  // transport
  uint16_t sport = 0, dport = 0;  // ICMP: echo id, type << 8 | code as in a flow's key
  uint32_t seq = 0, ack = 0;
  uint16_t window = 0, mss = 0;
  uint8_t window_scale = 0;
  bool has_window_scale = false;
  bool stray = false;           // live: a reset that its receiver must not obey, as the kernel sees it
  bool fast_open = false;       // TCP: asks for Fast Open (RFC 7413)
  bool reply = false;           // ICMP: answers a request, so the client is the receiver
  Bytes payload;                // TCP, UDP: data; ICMP: the message; SCTP: user data of the first DATA chunk
  uint32_t payload_length = 0;  // on the wire
  uint64_t anomalies = 0;

  void odd(Anomaly a) { anomalies |= bit(a); }
};

}  // namespace vmoat
