// For tests: one data plane under default settings, a NIC for each attack, and what was raised where.
#pragma once

#include <algorithm>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "capture/tap_fixture.h"
#include "engine/dataplane.h"
#include "engine/test_threats.h"

namespace vmoat::test {

/** Keeps which threats were raised at which NIC, and lets a test wait for one. */
class Raised final : public DataplaneSink {
  template <class Read>
  auto locked(Read read) {
    const std::lock_guard lock(mutex_);
    return read();
  }

 public:
  void flows(std::span<const uint8_t> batch) override {
    FlowBatchHeader header;
    std::memcpy(&header, batch.data(), sizeof header);
    std::vector<FlowRecord> records(header.count);
    std::memcpy(records.data(), batch.data() + sizeof header, records.size() * sizeof(FlowRecord));
    note([&] {
      for (const FlowRecord& r : records) enforced_[{r.proto, r.dport}] = r.enforced;
    });
  }
  void addresses(std::span<const uint8_t> batch) override {
    std::vector<AddressRecord> records(batch.size() / sizeof(AddressRecord));
    std::memcpy(records.data(), batch.data(), batch.size());
    note([&] { addresses_.insert(addresses_.end(), records.begin(), records.end()); });
  }
  void names(std::span<const uint8_t>) override {}
  void threats(std::span<const uint8_t> batch) override {
    std::vector<ThreatRecord> records(batch.size() / sizeof(ThreatRecord));
    std::memcpy(records.data(), batch.data(), batch.size());
    note([&] {
      for (const ThreatRecord& r : records)
        seen_.emplace(r.slot, std::string(vmoat::threats()[r.threat].name));
    });
  }
  void nics(uint64_t, std::span<const TappedNic> table) override {
    note([&] { nics_.assign(table.begin(), table.end()); });
  }
  void links(uint64_t, std::span<const LinkInfo>) override {}
  void segments(uint64_t, std::span<const SegmentInfo>) override {}
  void status(const DataplaneStatus& status) override {
    note([&] { reports_++, status_ = status; });
  }
  void log(std::string_view, std::string_view) override {}

  /** The NIC's slot once it is tapped; 0 where that does not happen. */
  uint16_t slot_of(const std::string& tap) {
    uint16_t slot = no_slot;
    (void)wait([&] {
      for (const TappedNic& nic : nics_)
        if (nic.tap == tap && nic.hook != "none") slot = nic.slot;
      return slot != no_slot;
    });
    return slot;
  }
  /** What became of the flow to a port that was told last. */
  Enforced enforced_of(uint8_t proto, uint16_t port) {
    return locked([&] { return enforced_[{proto, port}]; });
  }
  /** Which addresses were told since the last call. */
  std::vector<AddressRecord> take_addresses() {
    return locked([&] { return std::exchange(addresses_, {}); });
  }
  NicProtection protection_of(const std::string& tap) { return nic(tap).protection; }
  /** As it was last reported. */
  TappedNic nic(const std::string& tap) {
    return locked([&] {
      const auto nic = std::ranges::find(nics_, tap, &TappedNic::tap);
      return nic == nics_.end() ? TappedNic{} : *nic;
    });
  }
  /** Whether it is raised within the time. */
  bool within(std::chrono::milliseconds limit, uint16_t slot, const std::string& name) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, limit, [&] { return seen_.contains({slot, name}); });
  }
  /** Lets the data plane report `count` more times. */
  bool reports(uint64_t count) {
    const uint64_t from = locked([&] { return reports_; });
    return wait([&] { return reports_ >= from + count; });
  }
  std::set<std::string> at(uint16_t slot) {
    return locked([&] {
      std::set<std::string> names;
      for (const auto& [where, name] : seen_)
        if (where == slot) names.insert(name);
      return names;
    });
  }

 private:
  template <class Change>
  void note(Change change) {
    {
      const std::lock_guard lock(mutex_);
      change();
    }
    changed_.notify_all();
  }
  template <class Condition>
  bool wait(Condition condition) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(60), condition);
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::set<std::pair<uint16_t, std::string>> seen_;
  std::vector<TappedNic> nics_;
  std::vector<AddressRecord> addresses_;
  std::map<std::pair<uint8_t, uint16_t>, Enforced> enforced_;
  DataplaneStatus status_;
  uint64_t reports_ = 0;
};

/** A guest's NIC: what the guest sends, and what comes to it out of the network. */
class LiveNic {
 public:
  explicit LiveNic(const std::string& name)
      : tap_(name), network_(::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0)) {
    to_.sll_family = AF_PACKET;
    to_.sll_ifindex = static_cast<int>(tap_.ifindex());
  }
  void send(const Buffer& frame) const { tap_.send(frame); }
  void receive(const Buffer& frame) const {
    REQUIRE(::sendto(network_.get(), frame.data(), frame.size(), 0, reinterpret_cast<const sockaddr*>(&to_),
                     sizeof to_) == static_cast<ssize_t>(frame.size()));
  }
  /** IPv4 between addresses in host order, from the guest or to it. */
  void send_ip(uint32_t from, uint32_t to, uint8_t proto, const Buffer& body) const {
    send(packet(guest_mac, host_mac, from, to, proto, body));
  }
  void receive_ip(uint32_t from, uint32_t to, uint8_t proto, const Buffer& body) const {
    receive(packet(host_mac, guest_mac, from, to, proto, body));
  }
  /** The guest opens a connection, and its peer answers. */
  void connect(uint32_t from, uint32_t to, uint16_t sport, uint16_t dport) const {
    send_ip(from, to, 6, tcp(sport, dport, 100, 0, syn));
    receive_ip(to, from, 6, tcp(dport, sport, 500, 101, syn | ack));
    send_ip(from, to, 6, tcp(sport, dport, 101, 501, ack));
  }
  void arp(uint16_t operation, const Mac& mac, uint32_t address, uint32_t target, const Mac& to,
           bool sent) const {
    const Buffer sender(mac.begin(), mac.end());
    const Buffer frame = Buffer(to.begin(), to.end()) + sender + be16(0x0806) + hex("0001 0800 06 04") +
                         be16(operation) + sender + be32(address) + hex("000000000000") + be32(target);
    sent ? send(frame) : receive(frame);
  }

  static Buffer packet(const Mac& source, const Mac& target, uint32_t from, uint32_t to, uint8_t proto,
                       const Buffer& body) {
    Buffer ip = ipv4(proto, body);
    const Buffer ends = be32(from) + be32(to);
    std::copy(ends.begin(), ends.end(), ip.begin() + 12);
    return ether(source, target, 0x0800, ip);
  }
  static Buffer ether(const Mac& source, const Mac& target, uint16_t type, const Buffer& payload) {
    return Buffer(target.begin(), target.end()) + Buffer(source.begin(), source.end()) + be16(type) + payload;
  }

 private:
  TestTap tap_;
  Fd network_;
  sockaddr_ll to_{};
};

/** What is done at one NIC, and the threat that it is; an empty name for ordinary traffic. `run` is called
 * with 0, 1, 2, … until the threat is raised; ordinary traffic a fixed number of times. */
struct LiveCase {
  std::string threat;
  std::function<void(const LiveNic&, uint32_t)> run;
};

}  // namespace vmoat::test
