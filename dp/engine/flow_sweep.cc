// One pass over the kernel's flow table.
#include "engine/flow_sweep.h"

#include <array>

#include "base/clock.h"
#include "base/courtesy.h"

namespace vmoat {
namespace {

// The kernel stamps flows with a coarse clock, up to 10 ms behind (CONFIG_HZ=100)
constexpr uint64_t clock_margin_ns = 20'000'000;
// The engine forgets long before; this is for entries it never had a session for
constexpr uint64_t idle_max_ns = 2ull * 3600 * ns_per_s;

}  // namespace

void FlowSweep::sort(const CountedFlow& flow, Share& share, uint64_t now) const {
  const bool idle = flow.flow.last_ns + idle_max_ns < now;
  if (idle || !slots_.in_use(flow.key.slot))
    share.collect.push_back(flow.key);
  else if (flow.flow.last_ns >= since_ns_)
    share.counted.push_back(flow);
}

Result<SweepResult> FlowSweep::run(Counted how) {
  std::vector<Share> shares(workers_.size());
  std::array<uint32_t, VMOAT_SLOTS> per_slot = {};
  SweepResult result;
  Courtesy courtesy;
  const auto now = static_cast<uint64_t>(monotonic_ns());
  const auto worker_count = static_cast<uint32_t>(workers_.size());
  Status read = kernel_.each_flow([&](std::span<const CountedFlow> flows) {
    result.entries += flows.size();
    for (const CountedFlow& flow : flows) {
      if (flow.key.slot < VMOAT_SLOTS) per_slot[flow.key.slot]++;
      sort(flow, shares[vmoat_worker(&flow.key, seed_, worker_count)], now);
    }
    courtesy.did(flows.size());
  });
  if (!read) return std::move(read.error());
  for (size_t i = 0; i < shares.size(); i++)
    workers_[i]->hand_over(std::move(shares[i].counted), std::move(shares[i].collect), how);
  since_ns_ = now > clock_margin_ns ? now - clock_margin_ns : 0;
  result.empty_slots = slots_.settle(per_slot);
  return result;
}

}  // namespace vmoat
