// Frame: bytes as captured, and what is known about them beside the bytes. The engine takes nothing else.
#pragma once

#include <cstdint>

#include "base/byte_reader.h"
#include "contract/kernel.h"

namespace vmoat {

/** Link types the engine reads; values are the LINKTYPE_ numbers of pcap (www.tcpdump.org/linktypes.html). */
enum class LinkType : uint16_t {
  null = 0,
  ethernet = 1,
  raw = 101,
  cooked = 113,
  ipv4 = 228,
  ipv6 = 229,
  cooked2 = 276
};

struct Frame {
  Bytes bytes;           // valid during the call only
  int64_t time_ns = 0;   // since the epoch
  uint32_t length = 0;   // on the wire; more than bytes.size() where the capture cut
  uint32_t segment = 0;  // live: segment of the NIC; offline: interface of the capture file
  LinkType link = LinkType::ethernet;
  uint16_t tags[2] = {0, 0};  // VLAN tags the kernel took out of the bytes, outermost first
  uint16_t slot = 0;          // live: NIC slot, 0 offline
  uint16_t sender = 0;        // held: slot of the tapped NIC that it came from, 0 = of none
  uint8_t number = 0;         // held: among those of its flow, see vmoat_divert_tag
  uint8_t way = VMOAT_FROM_NIC;
  bool is_checksum_left = false;  // held: nobody has made it yet, see Offload
  uint8_t reason = 0;             // live: enum vmoat_reason bits
  const vmoat_flow_key* key =
      nullptr;  // live: the kernel's key, which alone is answered; null where it made none
};

}  // namespace vmoat
