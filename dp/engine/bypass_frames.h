// For tests: a small language for the frames that one guest sends to another, in whatever shape an attacker
// gives them.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <vector>

#include "engine/test_live.h"

namespace vmoat::test {

constexpr uint8_t proto_icmp = 1, proto_ipip = 4, proto_tcp = 6, proto_udp = 17, proto_ipv6 = 41,
                  proto_gre = 47, proto_icmpv6 = 58;
/** Of IPv6: extension headers and what has nothing behind it. */
constexpr uint8_t hop_by_hop = 0, routing = 43, fragment = 44, destination = 60, nothing = 59;

/** A guest, or several, as frames name them. */
struct End {
  Mac mac = {};
  Buffer v4 = {}, v6 = {};
};

/** What an IP header says beside the ends. */
struct IpShape {
  Buffer options = {};    // IPv4, whole words
  uint16_t fragment = 0;  // IPv4: flags and offset as they stand there
  uint8_t hops = 64;
  int length_error = 0;  // the packet says that it is so much longer than it is
  bool bad_checksum = false;
};

/** Frames of one case: ports, ids and the mark are its own. */
struct Talk {
  End from, to;
  int family = 4;
  uint32_t number = 0;

  /** Eight bytes that no other case's frames bear. */
  [[nodiscard]] Buffer mark() const { return text("vmBP") + be32(number); }
  [[nodiscard]] Buffer marks(size_t count) const {
    Buffer all;
    while (count-- > 0) all = all + mark();
    return all;
  }
  [[nodiscard]] uint16_t port() const { return static_cast<uint16_t>(10'000 + number % 40'000); }
  [[nodiscard]] uint8_t icmp() const { return family == 6 ? proto_icmpv6 : proto_icmp; }
  [[nodiscard]] uint16_t ethertype() const { return family == 6 ? 0x86dd : 0x0800; }
  [[nodiscard]] Talk towards(const End& other) const { return {from, other, family, number}; }
  [[nodiscard]] Talk as(const End& other) const { return {other, to, family, number}; }

  /** What UDP, TCP and ICMP carry, their checksums right. */
  [[nodiscard]] Buffer datagram(uint16_t to_port, size_t count = 1) const {
    return sealed(proto_udp, udp(port(), to_port, marks(count)));
  }
  /** Without data the mark is an option, of the kind that is free for experiments (RFC 4727). */
  [[nodiscard]] Buffer segment(uint16_t to_port, uint8_t flags, uint32_t seq = 1000,
                               const Buffer& data = {}) const {
    const Buffer options = data.empty() ? Buffer{253, 10} + mark() + Buffer{1, 0} : Buffer{};
    Buffer bytes = tcp(port(), to_port, seq, flags & ack ? 7000 : 0, flags, options + data);
    bytes[12] = static_cast<uint8_t>((5 + options.size() / 4) << 4);
    return sealed(proto_tcp, bytes);
  }
  [[nodiscard]] Buffer echo(size_t count = 1) const {
    return sealed(icmp(), Buffer{static_cast<uint8_t>(family == 6 ? 128 : 8), 0, 0, 0} + be16(port()) +
                              be16(1) + marks(count));
  }

  [[nodiscard]] Buffer ip(uint8_t proto, const Buffer& body, const IpShape& shape = {}) const {
    return family == 6 ? ipv6_packet(proto, body, shape) : ipv4_packet(proto, body, shape);
  }
  [[nodiscard]] Buffer ether(uint16_t type, const Buffer& payload) const {
    return LiveNic::ether(from.mac, to.mac, type, payload);
  }
  [[nodiscard]] Buffer frame(const Buffer& packet) const { return ether(ethertype(), packet); }
  /** The mark stands behind the packet, where Ethernet pads short frames; whole TCP segments lose it on their
   * way. */
  [[nodiscard]] Buffer padded(const Buffer& packet) const { return frame(packet) + mark(); }
  [[nodiscard]] Buffer udp_frame(uint16_t to_port, const IpShape& shape = {}) const {
    return frame(ip(proto_udp, datagram(to_port), shape));
  }

  /** A piece of a datagram, which belongs `at` bytes behind its beginning. */
  [[nodiscard]] Buffer piece(uint8_t proto, const Buffer& part, size_t at, bool more) const {
    const auto field =
        static_cast<uint16_t>(family == 6 ? at | (more ? 1 : 0) : at / 8 | (more ? 0x2000 : 0));
    if (family == 4) return ip(proto, part, {.fragment = field});
    return ip(fragment, Buffer{proto, 0} + be16(field) + be32(number) + part);
  }
  /** The datagram in frames, cut at these places. */
  [[nodiscard]] std::vector<Buffer> pieces(uint8_t proto, const Buffer& body,
                                           std::vector<size_t> cuts) const {
    std::vector<Buffer> frames;
    cuts.push_back(body.size());
    size_t at = 0;
    for (const size_t cut : cuts) {
      frames.push_back(
          frame(piece(proto, Buffer(body.begin() + at, body.begin() + cut), at, cut < body.size())));
      at = cut;
    }
    return frames;
  }

 private:
  [[nodiscard]] const Buffer& source() const { return family == 6 ? from.v6 : from.v4; }
  [[nodiscard]] const Buffer& target() const { return family == 6 ? to.v6 : to.v4; }

  [[nodiscard]] Buffer sealed(uint8_t proto, Buffer body) const {
    const size_t at = proto == proto_tcp ? 16 : proto == proto_udp ? 6 : 2;
    InternetChecksum sum;
    if (proto != proto_icmp) {
      sum.add(source());
      sum.add(target());
      sum.add(proto);
      sum.add(static_cast<uint32_t>(body.size()));
    }
    sum.add(body);
    put_sum(body, at, sum);
    return body;
  }
  [[nodiscard]] Buffer ipv4_packet(uint8_t proto, const Buffer& body, const IpShape& s) const {
    const size_t header = 20 + s.options.size();
    Buffer head = Buffer{static_cast<uint8_t>(0x40 + header / 4), 0} +
                  be16(header + body.size() + static_cast<size_t>(s.length_error)) + be16(number) +
                  be16(s.fragment) + Buffer{s.hops, proto, 0, 0} + source() + target() + s.options;
    head = with_header_sum(head);
    head[11] ^= s.bad_checksum ? 1 : 0;
    return head + body;
  }
  [[nodiscard]] Buffer ipv6_packet(uint8_t next, const Buffer& body, const IpShape& s) const {
    return hex("60000000") + be16(body.size() + static_cast<size_t>(s.length_error)) + Buffer{next, s.hops} +
           source() + target() + body;
  }
};

/** An extension header of eight bytes and what follows it. */
inline Buffer extended(uint8_t next, const Buffer& rest) {
  return Buffer{next, 0} + hex("0104 00000000") + rest;
}
inline Buffer tagged(uint16_t id, uint16_t type, const Buffer& payload) {
  return be16(id) + be16(type) + payload;
}

}  // namespace vmoat::test
