#include "fuzz/kernel_input.h"

#include <bpf/bpf.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <optional>
#include <string>

#include "base/endian.h"
#include "capture/tap_kernel.h"
#include "parse/headers.h"
#include "parse/walk.h"
#include "plumb/bpffs.h"

namespace vmoat {
namespace {

constexpr uint32_t lo = 1;  // BPF_PROG_TEST_RUN's frames come in here
constexpr size_t frame_bytes_min = 54,
                 frame_bytes_max = 1900;  // what BPF_PROG_TEST_RUN takes; what an upcall brings

void require(bool holds) {
  if (!holds) std::abort();
}

/** No flow is ever tracked, so that every frame goes up with its key. */
vmoat_settings everything_goes_up() {
  return {
      .workers = 1, .wake_bytes = 1u << 19, .upcall_cost_ns = 1, .seed = 1, .upcall_burst_ns = 1'000'000'000};
}

class KernelParser {
 public:
  KernelParser() : root_("/sys/fs/bpf/vmoat-fuzz-" + std::to_string(::getpid())) {
    auto netns = own_netns();
    require(netns.ok());
    auto kernel = TapKernel::open({.pin_root = root_,
                                   .netns = *netns,
                                   .flows_max = 64,
                                   .ring_bytes = 1u << 20,
                                   .settings = everything_goes_up()});
    require(kernel.ok());
    kernel_ = std::move(*kernel);
    auto ring = kernel_->ring(0);
    require(ring.ok());
    ring_.emplace(std::move(*ring));
    require(kernel_->set_tap({*netns, lo}, {.slot = 1, .counts_sent = 1}).ok());
    (void)remove_tree(root_);  // nothing is left behind, however the run ends
  }

  /** The key of the frame, family 0 where it has none; nothing where the kernel does not take such a frame.
   */
  std::optional<vmoat_flow_key> key_of(Bytes frame) {
    LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = frame.data(),
                .data_size_in = static_cast<uint32_t>(frame.size()), .repeat = 1);
    if (bpf_prog_test_run_opts(kernel_->programs().from_nic, &options) != 0) return std::nullopt;
    std::array<const vmoat_event*, 4> events;
    require(ring_->peek(events) == 1);
    const vmoat_flow_key key = events[0]->key;
    ring_->release();
    return key;
  }

 private:
  std::string root_;
  std::unique_ptr<TapKernel> kernel_;
  std::optional<Ring> ring_;
};

/** The EtherType behind at most two VLAN tags. */
uint16_t ethertype_of(Bytes frame) {
  size_t at = 12;
  uint16_t type = load_be16(&frame[at]);
  for (int tags = 0;
       tags < 2 && (type == ethertype_vlan || type == ethertype_qinq || type == ethertype_qinq_old); tags++)
    type = load_be16(&frame[at += 4]);
  return type;
}

/** What the engine reads and the kernel leaves to it: deep tags, LLC, MPLS, PPPoE, chains too long or cut. */
bool is_left_to_engine(Bytes frame, const Packet& p) {
  const uint16_t type = ethertype_of(frame);
  const bool is_first = p.fragment && p.fragment_offset == 0;
  return (type != ethertype_ipv4 && type != ethertype_ipv6) || p.anomalies != 0 ||
         (is_first && !has_whole_chain(p));
}

/** A fragment's transport is the engine's to decode only when the datagram is whole. */
void compare(const vmoat_flow_key& key, const Packet& p) {
  require(key.family == p.family);
  require(std::memcmp(key.near, p.src.bytes(), 16) == 0 && std::memcmp(key.far, p.dst.bytes(), 16) == 0);
  require(key.tags[0] == p.tags[0] && key.tags[1] == p.tags[1]);
  if (p.fragment) return;
  require(key.proto == p.proto && key.near_port == p.sport && key.far_port == p.dport);
}

}  // namespace

void run_kernel_differential(Bytes frame) {
  if (::geteuid() != 0 || frame.size() < frame_bytes_min || frame.size() > frame_bytes_max) return;
  static KernelParser kernel;
  const std::optional<vmoat_flow_key> key = kernel.key_of(frame);
  if (!key) return;
  Packet packet;
  decode({.bytes = frame, .length = static_cast<uint32_t>(frame.size())}, packet);
  if (key->family != 0) return compare(*key, packet);
  require(packet.family == 0 || is_left_to_engine(frame, packet));
}

}  // namespace vmoat
