// Divert: how held frames get to a worker and back to where they were going, whole: super-frames and partial
// checksums stay as they are.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "base/byte_reader.h"
#include "base/fd.h"
#include "base/result.h"
#include "contract/kernel.h"
#include "plumb/netlink.h"

namespace vmoat {

/** struct virtio_net_hdr of linux/virtio_net.h, which is no C++. */
struct Offload {
  uint8_t flags = 0, gso_type = 0;
  uint16_t header_bytes = 0, gso_size = 0, checksum_start = 0, checksum_offset = 0;

  /** VIRTIO_NET_HDR_F_NEEDS_CSUM: whoever takes the frame out of the host makes the checksum. */
  [[nodiscard]] bool leaves_checksum() const { return (flags & 1) != 0; }
};
static_assert(sizeof(Offload) == 10);

struct HeldFrame {
  Offload offload;
  Bytes bytes;  // from the Ethernet header on; valid during the call only
  uint16_t slot = 0;
  uint16_t sender = 0;  // slot of the tapped NIC that it came from, 0 = of none
  uint8_t way = VMOAT_FROM_NIC;
  uint8_t number = 0;  // among those of its flow and way, see vmoat_divert_tag

  /** Slot of the NIC out of whose share of any room it takes. */
  [[nodiscard]] uint16_t spender() const { return sender != 0 ? sender : slot; }
};

class Divert {
 public:
  /**
   * A pair of interfaces of this worker's own, whose one end the kernel sends held frames into. What an
   * earlier run left of it goes first. `wall` is a program that drops everything, `reinjected` see
   * EnforcerOptions. Needs CAP_NET_ADMIN and CAP_NET_RAW.
   */
  static Result<Divert> open(Netlink& netlink, uint32_t worker, int wall, uint32_t reinjected);
  /** Whether this is an interface of ours. */
  static bool is_name(const std::string& link);
  static Status remove(Netlink& netlink, uint32_t worker);

  /** Where the kernel sends held frames. */
  [[nodiscard]] uint32_t ifindex() const { return ifindex_; }
  /** Readable while frames wait. */
  [[nodiscard]] int fd() const { return sockets_.in.get(); }
  /** Up to `most` frames in the order in which they were held; how many there were. What cannot be read is
   * lost. */
  size_t read(size_t most, const std::function<void(const HeldFrame&)>& take);
  /** Sends a frame out of an interface, past its queue and its programs. False where the kernel would not;
   * nor does it where the interface takes no such super-frames. */
  bool send(uint32_t ifindex, const Offload& offload, Bytes bytes) const;
  /** The same out of a tap, to its guest, who gets a super-frame in pieces where it takes none. */
  bool deliver(uint32_t tap, const Offload& offload, Bytes bytes) const;
  /** Frames that found the socket full or could not be read, since the last call. */
  [[nodiscard]] uint64_t take_lost();

 private:
  /** What a worker reads from, what it sends by, and what it sends marked. */
  struct Sockets {
    Fd in, out, marked;
  };
  Divert(uint32_t ifindex, Sockets sockets);
  static Result<Sockets> sockets(uint32_t far, uint32_t reinjected);

  uint32_t ifindex_;
  Sockets sockets_;
  std::vector<uint8_t> buffer_;
  uint64_t unread_ = 0;
};

}  // namespace vmoat
