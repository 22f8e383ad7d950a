// Dataplane: the live data plane of one host. It watches links, taps NICs, runs the workers and hands
// everything it learns to one sink.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "contract/kernel.h"
#include "contract/records.h"
#include "engine/policy_thread.h"
#include "parse/walk.h"
#include "session/fragments.h"
#include "session/timeouts.h"
#include "threats/settings.h"

namespace vmoat {

class Ndpi;
class OperatorApplications;

/** How NICs are tapped: the first of tcx, clsact that this kernel has, or one by order of the operator. */
enum class HookChoice : uint8_t { automatic, tcx, clsact };

/** A NIC that libvirt knows of; see Inventory in protocol.ts. `tap` may be empty while the guest is off. */
struct ExpectedNic {
  std::string tap;
  std::string mac;  // the guest's, "52:54:00:…"
  bool bandwidth = false;
  bool filtered = false;  // rules of libvirt's own name its tap
};

/** The number that an earlier run gave to the segment of a link and VLAN. */
struct KeptSegment {
  uint32_t segment = 0;
  std::string link;
  uint16_t vlan = 0;
};

/** What an earlier run was told, for as long as nobody says anything newer. */
struct KeptOrders {
  PolicyTables policy;
  std::vector<ExpectedNic> nics;
  std::vector<KeptSegment> segments;
};

struct DataplaneConfig {
  /** fnmatch patterns of further host interfaces to tap, beside tap devices and macvtaps. */
  std::vector<std::string> names;
  /** fnmatch patterns of interfaces never to tap; wins over everything else. */
  std::vector<std::string> ignore;
  bool tap_devices = true;  // every tun device in tap mode, every macvtap
  HookChoice hook = HookChoice::automatic;
  unsigned workers = 0;                  // 0: one per two cores, at least one
  uint32_t flows_max = 262144;           // kernel flow table, entries (about 180 B each)
  uint32_t flows_per_nic_max = 131072;   // quota of one NIC in it
  uint32_t sessions_max = 262144;        // engine, over all workers
  uint32_t opening_bytes = 4096;         // payload per way that a new flow sends up unasked
  uint32_t upcalls_per_second = 100000;  // token bucket of one NIC
  uint32_t upcalls_burst = 20000;
  uint32_t held_bytes_per_nic_max = 8u << 20;  // of frames that wait for one worker, a quarter of what can
  uint32_t ring_bytes = 8u << 20;              // per worker, a power of two
  uint32_t report_interval_ms = 1000;
  Timeouts timeouts;
  FragmentOptions fragments;  // bytes_max is that of each worker
  TunnelPorts tunnel_ports;
  bool facts = true;  // keep what parsers read off flows, and the names that DNS teaches
  std::string pin_root = "/sys/fs/bpf/vmoat";
  /** NICs in protect are put inline and guarded; else their verdicts are only told. */
  bool enforce = false;
  /** Which enforcer: "automatic" takes the first that can serve a NIC; or one of the registry by its name. */
  std::string enforcer = "automatic";
  ThreatSettings threats;
  /** Names what nobody else knows; null: nothing does. */
  std::shared_ptr<const Ndpi> fallback;
  /** What the operator defined; null: nothing. */
  std::shared_ptr<const OperatorApplications> applications;
  /** In force before the first tap is opened. */
  std::optional<KeptOrders> kept;
};

struct Losses {
  uint64_t ring = 0, budget = 0, table = 0, quota = 0, read = 0;
};

/** How a NIC's verdicts are carried out; NicProtection of protocol.ts. */
struct NicProtection {
  enum class State : uint8_t { off, waiting, guarded };
  State state = State::off;
  std::string_view enforcer;  // empty: none
  std::string reason;
  bool fails_closed = false;
  uint64_t frames[2][VMOAT_GUARDED] = {};  // enum vmoat_way, enum vmoat_guarded
  uint64_t opening[2] = {0, 0};            // dropped: an opening's share was used up
  uint64_t refused[2] = {0, 0};            // dropped by the engine for want of room or for what the frame is
};

/** The structs below are protocol.ts's messages of the same names, field by field. Times are ns since the
 * epoch. */
struct TappedNic {
  uint16_t slot = no_slot;  // no_slot where hook is "none"
  uint32_t ifindex = 0;
  std::string tap, mac, netns;
  uint32_t segment = 0;
  std::string_view hook;  // "tcx", "clsact", "none"
  std::string reason;
  int64_t since_ns = 0;
  uint64_t packets[2] = {0, 0};  // enum vmoat_way
  uint64_t bytes[2] = {0, 0};
  Losses lost;
  NicProtection protection;
};

struct LinkInfo {
  uint32_t ifindex = 0;
  std::string name, netns, kind, mac;
  uint32_t mtu = 0;
  bool up = false;
  uint32_t master = 0, lower = 0, id = 0;
  std::vector<std::string> addresses;  // CIDR
};

struct SegmentInfo {
  uint32_t segment = 0;
  std::string netns, link;
  uint32_t ifindex = 0;
  uint16_t vlan = 0;
};

struct WorkerStatus {
  uint32_t worker = 0;
  uint64_t events = 0;
  int64_t heartbeat_age_ms = 0;
};

struct DataplaneStatus {
  std::vector<WorkerStatus> workers;
  uint64_t kernel_flows = 0, kernel_flows_max = 0, sessions = 0, sessions_max = 0, picked_up = 0;
  uint64_t frames = 0;   // counted by all NICs, both ways, since dp's pins were made
  uint64_t records = 0;  // flow records given to the sink
  uint64_t retold = 0;   // refreshes whose addresses and names have all been given to the sink
  Losses lost;
  uint64_t lost_sessions = 0;  // flows the engine had no room for
  uint64_t lost_fallback = 0;  // unknown flows that the fallback had no room for
  uint64_t lost_names = 0;     // names forgotten before their time for want of room
  bool enforces = false;
  int64_t panic_until_ns = 0;  // since the epoch, 0: no panic
  uint64_t adopted_nics = 0;   // whose policy came in, and how long that took
  double tap_to_policy_sum_ms = 0, tap_to_policy_max_ms = 0;
  PolicyStatus policy;
  uint64_t lost_threats = 0;  // incidents that were not told for want of room
  uint64_t lost_held = 0;     // held frames that found no room on their way to a worker
  std::vector<std::pair<std::string_view, uint64_t>> anomalies;  // registry name, count; only those > 0
  std::vector<std::pair<std::string_view, uint64_t>> threats;    // likewise, sessions and incidents
};

/**
 * Takes what the data plane learns. Calls come from its own threads but never two at once, and never
 * after stop() has returned. They must be quick (copy and return): the packet path waits meanwhile.
 * Spans and references are valid during the call only.
 */
class DataplaneSink {
 public:
  virtual ~DataplaneSink() = default;
  /** The body of a `flows` message: FlowBatchHeader, records, facts. */
  virtual void flows(std::span<const uint8_t> batch) = 0;
  /** The body of an `addresses` message: an array of AddressRecord. */
  virtual void addresses(std::span<const uint8_t> batch) = 0;
  /** The body of a `names` message: an array of NameRecord. */
  virtual void names(std::span<const uint8_t> batch) = 0;
  /** The body of a `threats` message: an array of ThreatRecord. */
  virtual void threats(std::span<const uint8_t> batch) = 0;
  /** Whole tables with a generation; sent at a change (within 20 ms), NICs also every report interval. */
  virtual void nics(uint64_t generation, std::span<const TappedNic> nics) = 0;
  virtual void links(uint64_t generation, std::span<const LinkInfo> links) = 0;
  virtual void segments(uint64_t generation, std::span<const SegmentInfo> segments) = 0;
  /** Every report interval, and at once when tables were compiled or refused. */
  virtual void status(const DataplaneStatus& status) = 0;
  /** A line for the operator's log: {level "info"|"warn"|"error", text}. Never per packet. */
  virtual void log(std::string_view level, std::string_view text) = 0;
};

enum class Names : uint8_t { applications, facts, anomalies, threats };

class Dataplane {
 public:
  /**
   * Loads the programs (or adopts what an earlier run pinned, without a gap), taps what is there and
   * starts the threads. `sink` must outlive the Dataplane. Fails without rights, BTF-less kernels included
   * in the Error's words. Needs CAP_BPF, CAP_NET_ADMIN and, for mounting /sys/fs/bpf where it is not,
   * CAP_SYS_ADMIN.
   */
  static Result<std::unique_ptr<Dataplane>> start(DataplaneConfig config, DataplaneSink& sink);
  /** Takes everything of vmoat's off this host: links, filters, our empty clsact qdiscs, pins. Idempotent. */
  static Status restore(const std::string& pin_root = "/sys/fs/bpf/vmoat");
  /** Names behind the numbers of bulk records, for the `welcome` message; index 0 of the first two is none.
   */
  static std::vector<std::string_view> names(Names which);

  ~Dataplane();
  /** What libvirt knows; whole table each time. Any thread. */
  void expect(std::vector<ExpectedNic> nics);
  /**
   * Compiles the tables on a thread of its own, then every session is judged by them; tables that are not as
   * they should be change nothing, see DataplaneStatus::policy. `kept`: they were told to an earlier run, and
   * name the NICs of DataplaneConfig::kept. Generations go up. Any thread.
   */
  void policy(PolicyTables tables, bool kept = false);
  /**
   * Says everything once more: a new hostd has connected. Tables, addresses and names come at once, see
   * DataplaneStatus::retold; flows by and by. Any thread.
   */
  void refresh();
  /** Ends the threads. With `detach` everything is taken off the host, else taps stay for the next run. */
  Status stop(bool detach);

 private:
  class Impl;
  explicit Dataplane(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace vmoat
