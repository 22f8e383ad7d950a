// A live data plane on taps of a test's own namespace, and all that it says.
#pragma once

#include <doctest/doctest.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstring>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "capture/kernel_fixture.h"
#include "capture/tap_fixture.h"
#include "capture/test_frame.h"
#include "engine/dataplane.h"
#include "engine/test_hooks.h"

namespace vmoat::test {

using namespace std::chrono_literals;

/** Keeps the latest of everything, and lets a test wait for it. */
class Heard final : public DataplaneSink {
 public:
  void flows(std::span<const uint8_t> batch) override {
    FlowBatchHeader head;
    std::memcpy(&head, batch.data(), sizeof(head));
    std::vector<FlowRecord> records(head.count);
    std::memcpy(records.data(), batch.data() + sizeof(head), head.count * sizeof(FlowRecord));
    note([&] {
      for (const FlowRecord& r : records) {
        flow_records[r.id] = r;
        facts_bytes += r.facts_length;
        delta_packets += r.delta_packets[0] + r.delta_packets[1];
      }
    });
  }
  void addresses(std::span<const uint8_t> batch) override {
    note([&] { address_records += batch.size() / sizeof(AddressRecord); });
  }
  void names(std::span<const uint8_t>) override {}
  void threats(std::span<const uint8_t> batch) override {
    std::vector<ThreatRecord> records(batch.size() / sizeof(ThreatRecord));
    std::memcpy(records.data(), batch.data(), batch.size());
    note([&] { threat_records.insert(threat_records.end(), records.begin(), records.end()); });
  }
  void nics(uint64_t, std::span<const TappedNic> table) override {
    note([&] { nic_table.assign(table.begin(), table.end()); });
  }
  void links(uint64_t, std::span<const LinkInfo> table) override {
    note([&] { link_table.assign(table.begin(), table.end()); });
  }
  void segments(uint64_t, std::span<const SegmentInfo> table) override {
    note([&] { segment_table.assign(table.begin(), table.end()); });
  }
  void status(const DataplaneStatus& s) override {
    note([&] { last_status = s; });
  }
  void log(std::string_view, std::string_view) override {}

  /** False where it did not come true in time. */
  bool wait(const std::function<bool()>& condition, std::chrono::milliseconds limit = 30000ms) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, limit, condition);
  }
  void forget_addresses() {
    note([&] { address_records = 0; });
  }
  const TappedNic* nic(const std::string& tap) const {
    auto found =
        std::find_if(nic_table.begin(), nic_table.end(), [&](const TappedNic& n) { return n.tap == tap; });
    return found == nic_table.end() ? nullptr : &*found;
  }

  std::map<uint64_t, FlowRecord> flow_records;
  std::vector<ThreatRecord> threat_records;
  uint64_t delta_packets = 0, facts_bytes = 0, address_records = 0;
  std::vector<TappedNic> nic_table;
  std::vector<LinkInfo> link_table;
  std::vector<SegmentInfo> segment_table;
  DataplaneStatus last_status;

 private:
  void note(const std::function<void()>& change) {
    const std::lock_guard lock(mutex_);
    change();
    changed_.notify_all();
  }
  std::mutex mutex_;
  std::condition_variable changed_;
};

inline std::string pin_root() {
  return "/sys/fs/bpf/vmt-dp-" + std::to_string(::getpid());
}

inline DataplaneConfig config(HookChoice hook) {
  DataplaneConfig c;
  c.hook = hook;
  c.flows_max = 4096;
  c.ring_bytes = 1u << 20;
  c.report_interval_ms = 200;
  c.pin_root = pin_root();
  return c;
}

inline std::unique_ptr<Dataplane> start(const DataplaneConfig& c, Heard& heard) {
  auto started = Dataplane::start(c, heard);
  if (!started) FAIL(started.error().what);
  return std::move(*started);
}

inline std::vector<uint8_t> datagram(uint16_t port) {
  return TestFrame().ipv4(17).udp(port, 5353).payload(20).done();
}

}  // namespace vmoat::test
