// OfflineRun: a capture file on a thread of its own; what it yields waits in a short queue, and the thread
// waits while that is full. Knows nothing of JavaScript.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <variant>
#include <vector>

#include "engine/engine_config.h"
#include "engine/offline.h"

namespace vmoat::binding {

struct OfflineProgress {
  uint64_t done, total;
};
/** A flow batch's bytes, a progress report, the summary or the failure; the last two end the run. */
using OfflineItem = std::variant<std::vector<uint8_t>, OfflineProgress, OfflineSummary, Error>;

struct OfflineRunOptions {
  EngineConfig engine;
  bool facts = true;
  bool batches = true;  // false: flows are counted, not delivered
  std::shared_ptr<const OperatorApplications> applications;
  std::shared_ptr<const Ndpi> fallback;
};

class OfflineRun {
 public:
  /** `ready` is called on the run's thread each time that an item comes while `wait` is set by take(). */
  OfflineRun(std::string path, OfflineRunOptions options, std::function<void()> ready);
  /** Ends the run early and waits for its thread. */
  ~OfflineRun();
  OfflineRun(const OfflineRun&) = delete;
  OfflineRun& operator=(const OfflineRun&) = delete;

  /** The next item; without one, `ready` will be called once when there is. */
  std::optional<OfflineItem> take();

 private:
  void work(const std::string& path, const OfflineRunOptions& options);
  void put(OfflineItem item);
  bool closed();

  std::function<void()> ready_;
  std::mutex mutex_;
  std::condition_variable room_;
  std::deque<OfflineItem> queue_;
  bool waiting_ = false;
  bool closed_ = false;
  std::thread thread_;
};

}  // namespace vmoat::binding
