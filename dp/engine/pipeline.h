// Pipeline: frame in → parse → session → recognition → facts → records. Pure and single-threaded: one
// worker owns one, and everything it needs from outside (time, kernel counters, answers) is handed in.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "contract/kernel.h"
#include "contract/records.h"
#include "engine/ticket.h"
#include "parse/frame.h"
#include "parse/walk.h"
#include "session/addresses.h"
#include "session/fragments.h"
#include "session/timeouts.h"

namespace vmoat {

class OperatorApplications;
class AddressOwners;
class LearnedNames;
class Ndpi;
struct LivePolicy;
struct ThreatMemory;

/** Takes what the pipeline has to say. Batches are valid during the call only. Called from within pipeline
 * calls. */
class RecordSink {
 public:
  /** A FlowBatchHeader, its records and its facts area: the body of a `flows` message. */
  virtual void flows(Bytes batch) = 0;
  /** An array of AddressRecord: the body of an `addresses` message. */
  virtual void addresses(Bytes batch) = 0;
  /** An array of NameRecord: the body of a `names` message. */
  virtual void names(Bytes batch) = 0;
  /** An array of ThreatRecord: the body of a `threats` message. */
  virtual void threats(Bytes batch) = 0;

 protected:
  ~RecordSink() = default;
};

/** What is ruled of a flow at one NIC. */
struct FlowRule {
  vmoat_verdict verdict[2] = {VMOAT_UNDECIDED, VMOAT_UNDECIDED};    // by way
  uint16_t returned[2] = {VMOAT_RETURNED_ALL, VMOAT_RETURNED_ALL};  // holds if this was the last one held
  uint16_t sender = no_slot;     // and for frames of this NIC to that one, where it is known
  vmoat_content content = {};    // see vmoat_flow
  std::optional<uint8_t> after;  // in this way not before the frame at hand has gone on
};

/** Who a live pipeline works for: its answers to the kernel's flow table, by the kernel's own keys, and how
 * far it has got. */
class FlowControl {
 public:
  /** Bytes of payload still to be copied up, per way (VMOAT_WANT_ALL = no end, 0 = decided). */
  virtual void want(const vmoat_flow_key& key, uint32_t from_nic, uint32_t to_nic) = 0;
  /**
   * The session has ended: take the entry out of the kernel's table and hand its last count to
   * Pipeline::count with `Counted::last`. The session's end record waits for that, at most 2 s.
   */
  virtual void forget(const vmoat_flow_key& key) = 0;
  virtual void rule(const vmoat_flow_key& key, const FlowRule& rule) = 0;
  /** Under the policy in force: who an address is (its generation is not ours to set), and that flows of this
   * kind are allowed or, VMOAT_OPENING, hang on their application. */
  virtual void tell(const vmoat_end_key& key, const vmoat_end& end) = 0;
  virtual void tell(const vmoat_pair& pair, vmoat_verdict verdict) = 0;
  /** CLOCK_REALTIME ns at which a frame of the flow last passed that is to be read, but nobody was there; 0:
   * never. */
  virtual int64_t unread_ns(const vmoat_flow_key& key) = 0;
  /** Of work that is long, one step is done. */
  virtual void worked() = 0;

 protected:
  ~FlowControl() = default;
};

struct PipelineOptions {
  uint32_t sessions_max = 1u << 20;          // 256 bytes each, only touched memory is resident
  uint32_t openings_bytes_max = 256u << 20;  // stream openings and out-of-order data of undecided sessions
  uint32_t facts_bytes_max = 256u << 20;     // facts of open sessions
  uint32_t contents_bytes_max = 256u << 20;  // sessions that threats read: messages that are not whole
  uint32_t readings_bytes_max = 16u << 20;   // live: flows under continuous rules, 390 bytes each
  FragmentOptions fragments;
  uint32_t addresses_max = 1u << 16;
  uint32_t tunnel_ids_max = 1u << 16;  // distinct (segment, tags, tunnel) at once
  uint64_t seed[2] = {0, 0};           // of all hashes; {0, 0} = take from getrandom(2)
  uint64_t first_flow_id = 1;          // ids count up from here by flow_id_step: never re-used over a boot
  uint64_t flow_id_step = 1;           // number of workers, each with another first_flow_id
  bool facts = true;                   // keep facts (privacy switch)
  /** What the operator defined; null: nothing. */
  std::shared_ptr<const OperatorApplications> applications;
  /** Names what nobody else knows; null: nothing does. */
  std::shared_ptr<const Ndpi> fallback;
  uint32_t fallback_slots = 4096;  // flows that it is shown at once
  /** Shared by all pipelines of a host; null: one of its own, with standard settings. */
  std::shared_ptr<ThreatMemory> threats;
  /** Live: what DNS taught, shared by all pipelines of a host; null: nothing is learned. */
  std::shared_ptr<LearnedNames> names;
  /** Live: whose addresses are whose, shared by all pipelines of a host; null: nothing is enforced. */
  std::shared_ptr<AddressOwners> own;
  Timeouts timeouts;
  TunnelPorts tunnel_ports;
};

/** How kernel counters reach count(). */
enum class Counted : uint8_t {
  running,  // a table dump
  last,     // after forget(): the entry is gone
  adopted,  // first dump after a restart: counted before this instance, totals take it, deltas do not
};

/** Everything since the pipeline was made. */
struct PipelineCounters {
  uint64_t frames = 0;    // handed to frame() or frames()
  uint64_t unparsed = 0;  // neither IP nor ARP, or broken before its addresses
  uint64_t flow_records = 0;
  uint64_t address_records = 0;
  uint64_t sessions = 0;   // made
  uint64_t picked_up = 0;  // of these, TCP older than the tap
  uint64_t evicted_half_open = 0;
  uint64_t evicted_unanswered = 0;
  uint64_t evicted_other = 0;
  uint64_t sessions_refused = 0;   // no room even after eviction
  uint64_t openings_refused = 0;   // stream memory full: session stays unknown
  uint64_t facts_refused = 0;      // facts memory full
  uint64_t contents_refused = 0;   // content memory full: threats do not read the session
  uint64_t fragments_refused = 0;  // datagrams given up for want of room, fragments beyond a source's quota
  uint64_t tunnels_refused = 0;    // tunnel id table full: inner flow not tracked
  uint64_t addresses_refused = 0;
  uint64_t fallback_refused = 0;        // unknown sessions that the fallback had no slot for
  uint64_t names_unasked = 0;           // answers to questions that were not seen: nothing is learned of them
  uint64_t expectations_displaced = 0;  // announced flows forgotten for want of room
  uint64_t anomalies[64] = {};          // packets per anomaly, index = registry.anomalies
  uint64_t threats[64] = {};  // sessions per threat, and incidents without one; index = registry.threats
  uint64_t threats_lost = 0;  // incidents that were not told for want of room
};

/** What becomes of a held frame. */
enum class Ruling : uint8_t {
  pass,
  drop,     // by its flow's verdict
  reset,    // likewise, TCP
  spent,    // dropped: its flow's opening is used up
  spoofed,  // dropped: it is sent under an address that is not the guest's own
  refuse,   // dropped: there is no room for its flow, or no stack sends such a frame
  wait,     // it came before one that is to be ruled on first
};
struct HeldRuling {
  Ruling ruling = Ruling::drop;
  /** With `wait`: its own. Else how far its line has come: what is due by it is to be ruled on again, now. */
  Ticket ticket;
};

/** What the kernel counted at one NIC since the previous one of these. */
struct NicMeters {
  uint16_t slot = no_slot;
  uint32_t segment = 0;
  double seconds = 1;
  uint64_t counts[2][VMOAT_METERS] = {};  // enum vmoat_way, enum vmoat_meter
};

class Pipeline {
 public:
  /** With `control` the pipeline is live: kernel counts. Without, it counts frames itself (offline). */
  Pipeline(const PipelineOptions& options, RecordSink& sink, FlowControl* control = nullptr);
  ~Pipeline();
  Pipeline(const Pipeline&) = delete;
  Pipeline& operator=(const Pipeline&) = delete;

  void frame(const Frame& frame) { frames({&frame, 1}); }
  /** Many at once, in order: memory is prefetched across them, so hand over 8 to 64 where they are at hand.
   */
  void frames(std::span<const Frame> frames);

  /**
   * The kernel's count of a flow at one NIC; both ends' entries make one session, created from the key
   * if no frame made it. `epoch_offset_ns` = CLOCK_REALTIME - CLOCK_MONOTONIC, applied to the flow's times.
   */
  void count(const vmoat_flow_key& key, uint32_t segment, const vmoat_flow& flow, int64_t epoch_offset_ns,
             Counted how = Counted::running);

  /**
   * Live: a frame that waits for its flow's verdict at one NIC; its `key` is what the kernel's would be. The
   * frame was counted where it was held, and what there is to learn from it comes as an event, unless that
   * was lost. `waited`: it is ruled on again, after Ruling::wait.
   */
  HeldRuling rule(const Frame& frame, bool waited = false);
  /** Live: no held frame waits any more. */
  void caught_up();
  /** Whether the policy has this NIC in protect. */
  [[nodiscard]] bool guards(uint16_t slot) const;
  /** Live: heads of a followed flow that the kernel has read, and whose frame it lets pass. Returns how
   * far its line has come (HeldRuling). */
  Ticket read(const vmoat_flow_key& key, uint32_t segment, const vmoat_heads& told);
  /** Live: the flow of the frame that was ruled on last got resets. */
  void was_reset();

  /** Live: what an earlier run has learned; on one worker only, whichever. */
  void recall(const Lesson& lesson, int64_t now_ns);

  /** Live, every second, of each NIC: on one worker only, whichever. */
  void meters(const NicMeters& meters, int64_t now_ns);

  /** Time passes (ns since the epoch): timeouts. Frames do this too; live call it every 10 ms to 1 s. */
  void advance(int64_t now_ns);
  /** Live, every second: one record for every session that changed since, and new addresses. */
  void report(int64_t now_ns);
  /**
   * Live: somebody new listens. Every learned address and name comes with the next report, every open session
   * with its facts in one of the next, retold_a_report at a time.
   */
  void retell();
  static constexpr uint32_t retold_a_report = 1 << 14;
  /**
   * Live: the policy from now on, and who the NICs are; null: none. Open sessions are judged anew, some with
   * each advance(); a session whose answer is another one comes with the next report.
   */
  void policy(std::shared_ptr<const LivePolicy> policy);
  static constexpr uint32_t judged_an_advance = 1 << 12;
  /** End of file: every open session ends with FlowEnd::eof, everything is flushed. */
  void finish();
  /** Hands over records that are built but not yet delivered (the pipeline does it by itself when a batch is
   * full). */
  void flush();

  [[nodiscard]] const PipelineCounters& counters() const;
  [[nodiscard]] uint32_t sessions_open() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace vmoat
