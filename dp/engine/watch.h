// Watch: lets the threats of the registry see what happens in a pipeline, and keeps what they raise.
#pragma once

#include <array>
#include <bit>
#include <memory>
#include <vector>

#include "engine/incidents.h"
#include "threats/content/content.h"
#include "threats/memory.h"

namespace vmoat {

class Watch {
 public:
  /** `memory` is shared with the watches of other workers; null: this is the only one, and nothing is
   * locked. */
  Watch(std::shared_ptr<ThreatMemory> memory, PipelineCounters& counters, SipHash hash, uint64_t first_id,
        uint64_t id_step);
  ~Watch();
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;

  /** Whether some threat is in these anomalies. */
  [[nodiscard]] bool is_odd(uint64_t anomalies) const { return (anomalies & odd_mask_) != 0; }
  /** `session` may be null: the packet belongs to none. */
  void odd(const Packet& packet, const Subject& subject, Session* session, int64_t now_ns);
  /** `kinds` are PacketKind bits. */
  void packet(uint8_t kinds, const PacketEvent& event, Session& session, int64_t now_ns);
  [[nodiscard]] bool wants(FlowStep step) const { return !listeners(step).empty(); }
  /** Whether some threat is told when a flow of this application ends; {}: of an unknown one. */
  [[nodiscard]] bool wants_end_of(std::string_view application) const;
  void flow(const FlowEvent& event, Session& session, int64_t now_ns);
  void neighbour(const NeighbourEvent& event, int64_t now_ns);
  /** `event.subject` says slot, segment and way; the ends are filled in from the crowd. */
  void second(const NicSecond& event, int64_t now_ns);

  /** What was said inside a flow: `hook` is &Threat::http and so on. */
  template <class Message>
  void heard(void (*Threat::*hook)(const Message&, Alarm&), const Message& message, const Subject& subject,
             Session& session, int64_t now_ns);

  /** Whether it is one of the host's own. */
  [[nodiscard]] bool is_host(const Address& address) const;

  void report(RecordSink& sink);
  [[nodiscard]] const ThreatMemory& memory() const { return *memory_; }

 private:
  class Call;
  class Turn;
  using List = std::vector<uint8_t>;  // numbers of threats

  void raised(uint8_t threat, const Subject& subject, Session* session, std::string_view evidence,
              int64_t now_ns);
  void add(uint8_t threat);
  void lock() {
    if (lock_.mutex() != nullptr && !lock_.owns_lock()) lock_.lock();
  }
  [[nodiscard]] const List& listeners(FlowStep step) const { return flow_[std::countr_zero<uint8_t>(step)]; }
  [[nodiscard]] Subject crowd_of(const Threat& threat, const Subject& nic);
  void note_crowd(const PacketEvent& event);
  template <class Message>
  void listen(uint8_t threat, void (*Threat::*hook)(const Message&, Alarm&));
  template <class Message>
  List& listeners();

  std::unique_lock<std::mutex> lock_;  // without a mutex where nobody shares the memory
  std::shared_ptr<ThreatMemory> memory_;
  PipelineCounters& counters_;
  std::span<const Threat> all_;
  Incidents incidents_;
  Crowd crowd_;
  Rates rates_;
  List odd_, neighbour_, second_;  // those that are on and have the hook
  std::array<List, 16> packet_;    // likewise, by PacketKind bits
  std::array<List, 5> flow_;       // by the FlowStep's bit
  std::array<List, 7> listening_;  // by the type of what is said
  uint64_t odd_mask_ = 0;
};

}  // namespace vmoat
