// The thread and the queue of one offline run.
#include "binding/offline_run.h"

namespace vmoat::binding {
namespace {

constexpr size_t queue_max = 4;  // batches: enough to keep both sides busy, little enough to stay small

}  // namespace

OfflineRun::OfflineRun(std::string path, OfflineRunOptions options, std::function<void()> ready)
    : ready_(std::move(ready)),
      thread_([this, path = std::move(path), options = std::move(options)] { work(path, options); }) {}

OfflineRun::~OfflineRun() {
  {
    std::lock_guard lock(mutex_);
    closed_ = true;
  }
  room_.notify_all();
  thread_.join();
}

std::optional<OfflineItem> OfflineRun::take() {
  std::lock_guard lock(mutex_);
  waiting_ = queue_.empty();
  if (waiting_) return std::nullopt;
  OfflineItem item = std::move(queue_.front());
  queue_.pop_front();
  room_.notify_one();
  return item;
}

void OfflineRun::work(const std::string& path, const OfflineRunOptions& options) {
  OfflineOptions offline;
  offline.pipeline.fallback = options.fallback;
  offline.pipeline.facts = options.facts && options.batches;
  offline.pipeline.applications = options.applications;
  offline.pipeline.timeouts = options.engine.timeouts;
  offline.pipeline.fragments = options.engine.fragments;
  offline.pipeline.tunnel_ports = options.engine.tunnel_ports;
  offline.progress = [this](uint64_t done, uint64_t total) { put(OfflineProgress{done, total}); };
  offline.stop = [this] { return closed(); };
  Result<OfflineSummary> summary = run_offline(path, offline, [this, options](Bytes batch) {
    if (options.batches) put(std::vector<uint8_t>(batch.begin(), batch.end()));
  });
  if (summary)
    put(std::move(*summary));
  else
    put(std::move(summary.error()));
}

void OfflineRun::put(OfflineItem item) {
  std::unique_lock lock(mutex_);
  room_.wait(lock, [this] { return closed_ || queue_.size() < queue_max; });
  if (closed_) return;
  queue_.push_back(std::move(item));
  if (!std::exchange(waiting_, false)) return;
  lock.unlock();
  ready_();
}

bool OfflineRun::closed() {
  std::lock_guard lock(mutex_);
  return closed_;
}

}  // namespace vmoat::binding
