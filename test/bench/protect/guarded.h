// Guarded: both guests, and any others there are, with vmoat's real data plane around them.
#pragma once

#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "engine/dataplane.h"
#include "guests/quiet_sink.h"

namespace vmoat::bench {

/** What the guests' policy needs to know before it can say what a flow may do. */
enum class Rules { ports, application, continuous };

struct GuardOptions {
  std::string enforcer;
  HookChoice hook = HookChoice::automatic;
  Rules rules = Rules::ports;
  std::string pin_root;
  size_t nics = 2;
};

/** Knows how far the NICs are. */
class NicWatch final : public QuietSink {
 public:
  void nics(uint64_t, std::span<const TappedNic> table) override;
  void status(const DataplaneStatus& status) override;
  /** Until that many NICs are in the state and the tables are in force; ends the program where that does not
   * come about. */
  void await(NicProtection::State state, size_t count, uint64_t generation);
  /** Of all NICs: they are on one bridge. */
  [[nodiscard]] uint32_t segment();

 private:
  [[nodiscard]] size_t in(NicProtection::State state) const;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<NicProtection::State, size_t> states_;
  std::string reason_;
  uint32_t segment_ = 0;
  uint64_t generation_ = 0;
};

class Guarded {
 public:
  /** Taps are there, in monitor. */
  explicit Guarded(const GuardOptions& options);
  /** Everything is off the host. */
  ~Guarded();
  Guarded(const Guarded&) = delete;
  Guarded& operator=(const Guarded&) = delete;
  /** Every NIC is where the mode wants it when this returns; after so many ms. */
  double switch_to(Mode mode);

 private:
  GuardOptions options_;
  NicWatch watch_;
  uint64_t generation_ = 0;
  std::unique_ptr<Dataplane> dataplane_;
};

}  // namespace vmoat::bench
