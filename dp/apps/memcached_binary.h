// The binary protocol of memcached (doc/protocol-binary.xml), which Couchbase speaks in a dialect of its own:
// packets one behind the other, read for both recognisers.
#pragma once

#include "apps/application.h"

namespace vmoat {

/** One packet's header. `second` is the virtual bucket of a request, the status of a response. */
struct BinaryPacket {
  uint8_t magic = 0, opcode = 0, extras = 0, type = 0;
  uint16_t key = 0, second = 0;
  uint32_t body = 0, opaque = 0;
};

constexpr uint8_t binary_request = 0x80, binary_response = 0x81;
/** Couchbase: framing extras take a byte of the key's length; the server asks, too. */
constexpr uint8_t framed_request = 0x08, framed_response = 0x18, server_request = 0x82, server_answer = 0x83;
constexpr size_t binary_header_bytes = 24;

inline bool is_request(const BinaryPacket& p) {
  return p.magic == binary_request || p.magic == framed_request;
}

/** What only Couchbase has: HELLO, virtual buckets and DCP, everything from 0x80 on, other framing. */
inline bool is_couchbase(const BinaryPacket& p) {
  const bool own_opcode = p.opcode == 0x1f || (p.opcode >= 0x3d && p.opcode <= 0x68) || p.opcode >= 0x80;
  const bool own_magic = p.magic != binary_request && p.magic != binary_response;
  return own_opcode || own_magic || (p.magic == binary_request && p.second != 0);
}

/** Whether the lengths fit each other and the bucket or status is one; 20 MiB is a document's limit. */
inline bool fits(const BinaryPacket& p, uint8_t framing) {
  constexpr uint32_t body_max = 21 << 20;
  constexpr uint16_t buckets_max = 1024, status_max = 0x0100, key_max = 250;
  const bool sizes = p.key <= key_max && p.extras <= 64 && p.type < 8 && p.body <= body_max &&
                     p.key + p.extras + framing <= p.body;
  return sizes && p.second <= (is_request(p) ? buckets_max - 1 : status_max);
}

struct BinaryPackets {
  static constexpr size_t kept_max = 16;
  Claim claim = Claim::more;  // no: something is no packet
  size_t whole = 0;           // packets read to their end
  size_t kept = 0;
  bool couchbase = false;  // one of the headers can only be Couchbase's
  bool whole_couchbase = false;
  BinaryPacket packets[kept_max];
};

/** Takes a header; the reader fails where it is cut. */
inline bool take_packet(ByteReader& in, BinaryPacket& p) {
  p.magic = in.u8();
  p.opcode = in.u8();
  p.key = in.be16();
  p.extras = in.u8();
  p.type = in.u8();
  p.second = in.be16();
  p.body = in.be32();
  p.opaque = in.be32();
  in.skip(8);
  const bool framed = p.magic == framed_request || p.magic == framed_response;
  const uint8_t framing = framed ? static_cast<uint8_t>(p.key >> 8) : 0;
  if (framed) p.key &= 0xff;
  return fits(p, framing);
}

/** Reads the packets of one side, whose first bytes must be one of the side's magics. */
inline BinaryPackets read_packets(Bytes bytes, bool requests) {
  BinaryPackets all;
  ByteReader in(bytes);
  while (in.left() > 0 && all.kept < BinaryPackets::kept_max) {
    const uint8_t magic = in.rest()[0];
    const bool known = requests
                           ? magic == binary_request || magic == framed_request || magic == server_answer
                           : magic == binary_response || magic == framed_response || magic == server_request;
    if (!known) return all.claim = Claim::no, all;
    BinaryPacket& p = all.packets[all.kept];
    const bool sound = take_packet(in, p);
    if (!in.ok()) return all;
    if (!sound) return all.claim = Claim::no, all;
    all.kept++;
    const bool own = is_couchbase(p);
    all.couchbase = all.couchbase || own;
    in.skip(p.body);
    if (!in.ok()) return all;
    all.whole++;
    all.whole_couchbase = all.whole_couchbase || own;
  }
  return all;
}

/** A response that repeats a request's opcode and opaque value, or nothing. */
inline const BinaryPacket* answered(const BinaryPackets& asked, const BinaryPackets& said) {
  for (size_t i = 0; i < asked.kept; i++)
    for (size_t j = 0; j < said.kept; j++)
      if (asked.packets[i].opcode == said.packets[j].opcode &&
          asked.packets[i].opaque == said.packets[j].opaque)
        return &asked.packets[i];
  return nullptr;
}

}  // namespace vmoat
