#include "engine/policy_thread.h"

#include <pthread.h>

#include "apps/application.h"
#include "base/clock.h"

namespace vmoat {

PolicyThread::PolicyThread(ApplicationNumber application, std::function<void()> done)
    : application_(std::move(application)), done_(std::move(done)), thread_([this] { run(); }) {
  pthread_setname_np(thread_.native_handle(), "vmoat-policy");
}

PolicyThread::~PolicyThread() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  due_.notify_all();
  thread_.join();
}

void PolicyThread::compile(PolicyTables tables) {
  {
    const std::lock_guard lock(mutex_);
    tables_ = std::move(tables);
  }
  due_.notify_all();
}

std::shared_ptr<const Policy> PolicyThread::policy() const {
  const std::lock_guard lock(mutex_);
  return policy_;
}

PolicyStatus PolicyThread::status() const {
  const std::lock_guard lock(mutex_);
  return status_;
}

void PolicyThread::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    due_.wait(lock, [this] { return stopping_ || tables_; });
    if (stopping_) return;
    PolicyTables tables = std::move(*std::exchange(tables_, std::nullopt));
    lock.unlock();
    if (!is_in_force(tables) && attempt(tables)) said_ = std::move(tables);
    done_();
    lock.lock();
  }
}

/** Said once more: what was decided stays so. */
bool PolicyThread::is_in_force(const PolicyTables& tables) {
  if (!said_ || !said_->says_the_same(tables)) return false;
  const std::lock_guard lock(mutex_);
  status_.generation = tables.generation;
  status_.refused.clear();
  return true;
}

/** True where they are in force now. */
bool PolicyThread::attempt(const PolicyTables& tables) {
  const int64_t start_ns = monotonic_ns();
  Result<std::shared_ptr<const Policy>> made =
      Policy::compile(tables, application_, identities_, is_read_to_its_end);
  const std::lock_guard lock(mutex_);
  status_.refused.clear();
  if (made) {
    policy_ = std::move(*made);
    status_.generation = tables.generation;
    status_.compile_ms = static_cast<double>(monotonic_ns() - start_ns) / 1e6;
  } else {
    status_.refused_generation = tables.generation;
    status_.refused = std::move(made.error().what);
  }
  return made.ok();
}

}  // namespace vmoat
