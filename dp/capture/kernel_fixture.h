// For tests: the tap programs loaded beside whatever else runs, frames put through them by BPF_PROG_RUN.
#pragma once

#include <bpf/bpf.h>
#include <doctest/doctest.h>
#include <linux/pkt_cls.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <cstring>
#include <map>
#include <string>
#include <vector>

#include "capture/tap_kernel.h"
#include "plumb/bpffs.h"
#include "plumb/own_namespace.h"

namespace vmoat::test {

struct SeenEvent {
  vmoat_event head;
  std::vector<uint8_t> bytes;
};

class KernelFixture {
 public:
  static constexpr uint16_t slot = 7;
  static constexpr uint32_t lo = 1;  // BPF_PROG_RUN's frames come in here

  explicit KernelFixture(vmoat_settings settings = default_settings(), uint32_t flows_max = 4096)
      : root_("/sys/fs/bpf/vmt-" + std::to_string(::getpid())) {
    auto opened = TapKernel::open({.pin_root = root_,
                                   .netns = *own_netns(),
                                   .flows_max = flows_max,
                                   .ring_bytes = 1u << 20,
                                   .settings = settings});
    if (!opened) FAIL(opened.error().what);
    kernel = std::move(*opened);
    auto ring = kernel->ring(0);
    if (!ring) FAIL(ring.error().what);
    ring_.emplace_back(std::move(*ring));
    REQUIRE(kernel->set_tap({*own_netns(), lo}, {.slot = slot, .counts_sent = 1}).ok());
  }
  ~KernelFixture() {
    kernel.reset();
    (void)remove_tree(root_);
  }

  static vmoat_settings default_settings() {
    return {.workers = 1,
            .flows_per_nic = 1000,
            .opening_bytes = 100,
            .wake_bytes = 1u << 19,
            .upcall_cost_ns = 1,
            .seed = 1,
            .upcall_burst_ns = 1'000'000'000,
            .held_bytes_per_nic = 1u << 30};
  }

  /** Puts a frame through one of the programs. `from` = ifindex it came in by, 0 = the host's own. Returns
   * the TC_ACT_ of it. */
  int32_t put(int program, const std::vector<uint8_t>& frame, uint32_t from = 0, int repeat = 1) {
    struct __sk_buff context = {};
    context.ingress_ifindex = from;
    LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = frame.data(),
                .data_size_in = static_cast<uint32_t>(frame.size()), .ctx_in = &context,
                .ctx_size_in = sizeof(context), .repeat = repeat);
    const int failed = bpf_prog_test_run_opts(program, &options);
    REQUIRE_MESSAGE(failed == 0, std::strerror(errno));
    duration_ns = options.duration;
    return static_cast<int32_t>(options.retval);
  }
  void run(int program, const std::vector<uint8_t>& frame, uint32_t from = 0, int repeat = 1) {
    CHECK(put(program, frame, from, repeat) == TC_ACT_UNSPEC);  // others run on
  }
  void sent(const std::vector<uint8_t>& frame) { run(kernel->programs().from_nic, frame); }
  void received(const std::vector<uint8_t>& frame) { run(kernel->programs().to_nic, frame); }

  std::vector<SeenEvent> events() {
    std::vector<SeenEvent> seen;
    std::array<const vmoat_event*, 16> some;
    while (size_t count = ring_[0].peek(some)) {
      for (size_t i = 0; i < count; i++) {
        const auto* bytes = reinterpret_cast<const uint8_t*>(some[i] + 1);
        seen.push_back({*some[i], {bytes, bytes + some[i]->captured}});
      }
      ring_[0].release();
    }
    ring_[0].release();
    return seen;
  }
  std::vector<CountedFlow> flows() {
    std::vector<CountedFlow> all;
    REQUIRE(kernel->each_flow([&](auto some) { all.insert(all.end(), some.begin(), some.end()); }).ok());
    return all;
  }
  vmoat_nic_counters counters() { return kernel->nic_counters(slot); }

  std::unique_ptr<TapKernel> kernel;
  uint32_t duration_ns = 0;

 private:
  std::string root_;
  std::vector<Ring> ring_;
};

}  // namespace vmoat::test
