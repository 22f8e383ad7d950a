// Worker: one thread, one ring, one pipeline. It reads what the kernel sends up, lets the pipeline judge,
// and hands answers and final counts back and forth.
#pragma once

#include <atomic>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "base/courtesy.h"
#include "capture/tap_kernel.h"
#include "enforce/divert.h"
#include "engine/held_drops.h"
#include "engine/nic_paths.h"
#include "engine/pipeline.h"
#include "engine/segments.h"
#include "engine/waiting_frames.h"

namespace vmoat {

/** The state of a worker's pipeline, as of its last report. */
struct WorkerView {
  PipelineCounters counters;
  uint32_t sessions_open = 0;
  uint64_t held_lost = 0;  // held frames that never came to be ruled on
  uint64_t retold = 0;     // the newest retelling that is done
};

struct WorkerOptions {
  uint32_t number = 0;
  PipelineOptions pipeline;
};

class Worker final : private FlowControl {
 public:
  /** Everything given must outlive the worker. `sink` is called from its thread. */
  Worker(const WorkerOptions& options, TapKernel& kernel, Ring ring, Segments& segments,
         const NicPaths& paths, HeldDrops& drops, RecordSink& sink);
  ~Worker();

  void start();
  /** Reads the ring to its end, reports once more and ends the thread. */
  void stop();
  /**
   * Kernel counts for this worker, and the order to report once they are in. `collect` are entries that
   * nobody needs any more (their NIC is gone): they are counted a last time and removed.
   */
  void hand_over(std::vector<CountedFlow> counted, std::vector<vmoat_flow_key> collect, Counted how);

  /** See Pipeline::recall; before the start. */
  void recall(const Lesson& lesson) { pipeline_.recall(lesson, realtime_ns()); }

  /** See Pipeline::retell; at the next turn. `number`: see WorkerView::retold. */
  void retell(uint64_t number);

  /** What the kernel's meters counted; of all NICs to one worker. */
  void hand_over(std::vector<NicMeters> meters);

  /** From now on held frames come by this. */
  void divert(Divert divert);

  /** See Pipeline::policy. */
  void policy(std::shared_ptr<const LivePolicy> policy);

  [[nodiscard]] uint32_t number() const { return number_; }
  [[nodiscard]] uint64_t events() const { return events_.load(std::memory_order_relaxed); }
  /** CLOCK_MONOTONIC ns, when it began to look for held frames and then found no more; 0: not yet. */
  [[nodiscard]] int64_t emptied_ns() const { return emptied_ns_.load(std::memory_order_acquire); }
  [[nodiscard]] WorkerView view();

 private:
  void want(const vmoat_flow_key& key, uint32_t from_nic, uint32_t to_nic) override;
  void forget(const vmoat_flow_key& key) override;
  void rule(const vmoat_flow_key& key, const FlowRule& rule) override;
  void tell(const vmoat_end_key& key, const vmoat_end& end) override;
  void tell(const vmoat_pair& pair, vmoat_verdict verdict) override;
  int64_t unread_ns(const vmoat_flow_key& key) override;
  void worked() override { did(1); }

  void run();
  void wait();
  bool read_ring();
  void hear_heads(const vmoat_event& event);
  void take_policy();
  void take_held();
  void taken(const HeldFrame& held);
  void release_unguarded();
  void forgive();
  void rule_held(const HeldFrame& held);
  void rule_waiting(Ticket now);
  [[nodiscard]] Frame frame_of(const HeldFrame& held);
  void carry_out(Ruling ruling, const HeldFrame& held);
  /** False where it was lost. */
  [[nodiscard]] bool send_on(const HeldFrame& held) const;
  void dropped(const HeldFrame& held, HeldDropCounts NicHeldDrops::* why);
  bool send_resets(const HeldFrame& held);
  bool may_reset(uint16_t slot);
  void take_inbox();
  void answer_all();
  void answer_run(size_t first, size_t count);
  /** Steps of its work, so that it is neither in others' way nor taken for dead, however long that is. */
  void did(size_t steps);
  void beat();
  [[nodiscard]] uint32_t segment_of(const vmoat_event& event);

  struct Inbox {
    std::vector<NicMeters> meters;
    std::vector<CountedFlow> counted;
    std::vector<vmoat_flow_key> collect;
    Counted how = Counted::running;
    bool full = false;
    std::optional<uint64_t> retell;
  };

  const uint32_t number_;
  TapKernel& kernel_;
  Ring ring_;
  Fd epoll_;
  Segments& segments_;
  const NicPaths& paths_;
  HeldDrops& drops_;
  Pipeline pipeline_;
  uint32_t generation_ = 0;  // of the policy in force here
  std::vector<int64_t> resets_until_ns_ =
      std::vector<int64_t>(VMOAT_SLOTS);  // spent by each NIC, ahead of now
  int64_t awake_until_ns_ = 0;            // of CLOCK_MONOTONIC
  std::optional<Divert> divert_;
  WaitingFrames waiting_;
  std::span<uint64_t> on_way_;  // see TapKernel
  int64_t forgives_at_ns_ = 0;  // of CLOCK_MONOTONIC
  std::vector<vmoat_answer> pending_;
  std::vector<vmoat_answer> sending_;
  std::optional<vmoat_answer> after_;  // to be pending when the frame at hand has gone on
  int64_t epoch_offset_ns_ = 0;
  Courtesy courtesy_;

  std::mutex mutex_;
  Inbox inbox_;
  std::optional<std::shared_ptr<const LivePolicy>> policy_;  // that is to be taken
  std::optional<Divert> new_divert_;                         // likewise
  WorkerView view_;
  std::atomic<uint64_t> events_ = 0;
  std::atomic<int64_t> emptied_ns_ = 0;
  std::atomic<bool> stopping_ = false;
  std::thread thread_;
};

}  // namespace vmoat
