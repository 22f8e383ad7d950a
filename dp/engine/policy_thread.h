// PolicyThread: tables come in, a policy comes out; nothing else waits for it. Of tables that come while it
// works only the newest are taken up.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "policy/policy.h"

namespace vmoat {

/** What became of the tables. */
struct PolicyStatus {
  uint64_t generation = 0;  // in force; 0 = none
  double compile_ms = 0;
  uint64_t refused_generation = 0;
  std::string refused;  // why the newest tables are not in force; empty: they are, or there were none

  bool operator==(const PolicyStatus&) const = default;
};

class PolicyThread {
 public:
  /** `application` as in Policy::compile; `done` is called from the thread after every attempt. */
  PolicyThread(ApplicationNumber application, std::function<void()> done);
  ~PolicyThread();

  /** Any thread. Tables that say what those in force do are in force at once, and the policy is the same one:
   * what it decided stays decided. */
  void compile(PolicyTables tables);
  /** Compiles on the thread of the caller, who waits; `done` is not called. Before any compile(). */
  void begin(const PolicyTables& tables) { (void)attempt(tables); }
  /** The newest policy that compiled; null before the first. */
  [[nodiscard]] std::shared_ptr<const Policy> policy() const;
  [[nodiscard]] PolicyStatus status() const;

 private:
  void run();
  bool attempt(const PolicyTables& tables);
  bool is_in_force(const PolicyTables& tables);

  const ApplicationNumber application_;
  const std::function<void()> done_;
  const std::shared_ptr<IdentityTable> identities_ = std::make_shared<IdentityTable>();
  mutable std::mutex mutex_;
  std::condition_variable due_;
  std::optional<PolicyTables> tables_;
  std::shared_ptr<const Policy> policy_;
  std::optional<PolicyTables> said_;  // by those compile() was given; the thread's
  PolicyStatus status_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace vmoat
