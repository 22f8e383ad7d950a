// Pipeline::Impl: the pipeline's parts and steps. pipeline.cc reads frames, pipeline_sessions.cc keeps
// sessions, pipeline_expected.cc links announced flows, pipeline_live.cc speaks with the kernel's table,
// pipeline_addresses.cc learns who owns which address, pipeline_names.cc which names they have,
// pipeline_own.cc what guests claim to be, pipeline_policy.cc what the policy says, pipeline_held.cc what
// becomes of frames that wait for it, pipeline_continuous.cc reads flows all along.
#pragma once

#include <algorithm>
#include <array>

#include "engine/address_owners.h"
#include "engine/held_datagrams.h"
#include "engine/pipeline.h"
#include "engine/readings.h"
#include "engine/recognition.h"
#include "engine/record.h"
#include "engine/verdicts.h"
#include "engine/watch.h"
#include "parse/walk.h"
#include "report/flow_batch.h"
#include "session/addresses.h"
#include "session/expectations.h"
#include "session/fragments.h"
#include "session/learned_names.h"
#include "session/listeners.h"
#include "session/questions.h"
#include "session/table.h"

namespace vmoat {

/** The address that an ARP or NDP packet claims for its sender, nothing where it is neither. */
std::optional<Address> claim_of(const Packet& packet);

/** That the end's NIC has an entry in the kernel's flow table. */
constexpr SessionFlags kernel_flag(int end) {
  return end != 0 ? kernel_high : kernel_low;
}

/** That the end has sent something. */
constexpr SessionFlags sent_flag(int end) {
  return end != 0 ? sent_high : sent_low;
}

class Pipeline::Impl final : private NameWatch, private ShownWatch {
 public:
  Impl(const PipelineOptions& options, SipHash hash, RecordSink& sink, FlowControl* control);

  void frames(std::span<const Frame> frames);
  void count(const vmoat_flow_key& key, uint32_t segment, const vmoat_flow& flow, int64_t epoch_offset_ns,
             Counted how);
  void advance(int64_t now_ns);
  void report(int64_t now_ns);
  void retell();
  void policy(std::shared_ptr<const LivePolicy> policy);
  void finish();
  void flush();
  void recall(const Lesson& lesson, int64_t now_ns);
  void meters(const NicMeters& meters, int64_t now_ns);
  HeldRuling rule(const Frame& frame, bool waited);
  void caught_up();
  [[nodiscard]] bool guards(uint16_t slot) const { return verdicts_.guards(slot); }
  Ticket read_told(const vmoat_flow_key& key, uint32_t segment, const vmoat_heads& told);
  void was_reset();
  const PipelineCounters& counters();
  [[nodiscard]] uint32_t sessions_open() const { return table_.open(); }

 private:
  static constexpr size_t batch_max = 32;

  /** One frame on its way; decoded ahead of its turn, so that the tables' memory is there when it comes. */
  struct Turn {
    Packet packet;
    KeyedPacket keyed;
    PathNumbers by;
    uint64_t paths_age;
  };
  /** Where a packet stands: its frame, the flow around it, how often frames were opened, what it counts for.
   */
  struct Context {
    const Frame* frame;
    Path path;
    uint32_t parent;  // number of a session
    int depth;
    uint32_t packets;
    uint64_t bytes;
    uint64_t anomalies = 0;  // of frames before this one, counted already
    bool kernel_counts = false;
    uint32_t session = 0;  // that the packet came to, 0 = none
  };
  /** A new flow, to be looked at again when an answer should be there. */
  struct Opened {
    int64_t time_ns;
    uint64_t id;
    uint32_t number;
  };
  static constexpr size_t opened_max = 1 << 16;
  static constexpr int64_t unanswered_after_ns = 3 * ns_per_s;
  /** Live, beside a session: the kernel's last count of its two entries ([end][way]), what came since the
   * last record (by end). */
  struct LiveCount {
    uint64_t packets[2][2];
    uint64_t bytes[2][2];
    uint32_t retransmissions[2][2];
    uint8_t returned[2][2];  // by end and way: number of the last frame held at its NIC that was ruled on
    uint32_t opening_frames[2], opening_bytes[2];  // that passed at this end's NIC without a verdict
    uint32_t parent;       // number of the session that Session::parent names, which may have gone
    uint32_t reading;      // of its client, 0 = none
    StreamLog::Log shown;  // what recognisers were shown of its client, as far as its verdict hangs on it
    uint32_t shown_next;   // what they are shown next; sequence number
    uint32_t acked;        // what the server has acknowledged, likewise
    vmoat_content told_content;
    bool was_told[2];  // the kernel has a verdict at this end's NIC
    bool was_denied;   // a frame of it was dropped by its verdict
    bool was_reset;
    bool is_barred;  // whatever rules say: to a tunnel end of the host's own, or it misleads recognition
    uint8_t told_in_vain;  // times, since the kernel has read a head of it
    bool tells_later;      // it is among told_later_
    bool has_early;        // what its client says did not always come in order
    bool is_older;         // its client spoke when nobody read it: continuous rules go by its opening
    bool was_shown;        // `shown_next` and `acked` have begun
    bool hangs_on_shown;   // its verdict does
    Since since;
  };
  /** A held frame, as far as it was read. */
  struct Held {
    const Frame& frame;
    Turn& turn;
    KeyedPacket keyed;
    vmoat_flow_key key;      // the kernel's
    bool is_counted = true;  // among those that the kernel held under this key
    bool is_fragment = false;
    bool is_later = false;     // a fragment but the first
    bool is_to_many = false;   // its receiver is no NIC
    bool is_to_other = false;  // to the guest's MAC, but under an address that is not the guest's
    Ticket ticket;             // of HeldRuling
    /** Its place in the order of those that wait for the flow's verdict is free. */
    void returns(LiveCount& count) const {
      if (is_counted) count.returned[near()][frame.way & 1] = frame.number;
    }
    /** The end that the guarded NIC has, or where it is one of many receivers, stands for. */
    [[nodiscard]] int near() const { return frame.way == VMOAT_FROM_NIC ? keyed.sender : 1 - keyed.sender; }
  };
  /** What is said of one frame; where it does not last, the next one is asked about, too. */
  struct FrameVerdict {
    Verdict verdict;
    bool lasts;
    bool continuous = false;
  };
  /** A NIC's guard: told us, and the first frame that it held; 0: there is none. */
  struct GuardedSince {
    int64_t told_ns = 0, held_ns = 0;
  };
  enum class ReadOn : uint8_t {
    yes,
    unwanted,  // its verdict does not hang on what its client goes on to say
    early,     // what comes before is missing
    no_room,
    unknown,  // it repeats what nobody can compare any more
    never,    // its beginning went by unseen
  };

  [[nodiscard]] bool live() const { return control_ != nullptr; }
  [[nodiscard]] LiveCount& live_count(uint32_t number) const {
    return reinterpret_cast<LiveCount*>(live_counts_.data())[number];
  }
  [[nodiscard]] Since since_last_record(uint32_t number) const;

  void prepare(const Frame& frame, Turn& turn);
  void take(const Frame& frame, Turn& turn);
  void packet(Packet& packet, const KeyedPacket* keyed, PathNumbers by, Context& context);
  void fragment(Packet& packet, PathNumbers by, Context& context);
  void fragments_gone(Datagram& datagram, uint32_t path);
  void tunnel(Packet& packet, uint32_t number, const Context& context);
  Context enter(const Inner& inner, bool cut, const Context& outer, uint32_t number, Packet& packet) const;
  void inside(const Inner& inner, bool cut, const Context& outer, uint32_t number);
  void conclude(Packet& packet, const Context& context);
  static Path path_of(const Frame& frame, const Packet& packet);
  void count_anomalies(uint64_t anomalies);

  uint32_t make_session(const KeyedPacket& keyed, uint32_t path, uint32_t parent, int64_t now_ns);
  void set_parent(uint32_t number, uint32_t parent);
  [[nodiscard]] bool quote_fits(const Session& s, int sender, const Packet& about) const;
  static void go_on_counting(LiveCount& count, const LiveCount& before);
  uint32_t session_of(Packet& packet, const KeyedPacket& keyed, PathNumbers by, Context& context);
  [[nodiscard]] uint32_t flow_in_quote(const Packet& packet, uint32_t scope) const;
  void begin_ends(Session& s, const Packet& packet, int sender);
  void meet_end(Session& s, int sender, const Packet& packet, const Context& context);
  void session_packet(uint32_t number, int sender, Packet& packet, Context& context);
  void follow(uint32_t number, int sender, Packet& packet, const Segment& segment);
  Segment track(Session& s, int sender, Packet& packet, const Context& context);
  uint32_t replace_session(uint32_t number, const KeyedPacket& keyed, uint32_t path, const Context& context);
  [[nodiscard]] bool is_inside(const Session& s) const;
  static void track_answer(Session& s);
  void infer_client(Session& s, int sender);
  void add_count(uint32_t number, int sender, uint64_t packets, uint64_t bytes);
  void touch(uint32_t number);
  void retell_some();
  void end_session(uint32_t number, FlowEnd end);
  void emit(uint32_t number, FlowEnd end);
  bool make_room();

  void meet_kernel(Session& s, int sender, const Context& context);
  [[nodiscard]] vmoat_flow_key kernel_key(const Session& s, int end) const;
  static bool is_attributed(const Packet& fragment, const vmoat_flow_key& key);
  static bool is_portless(const vmoat_flow_key& key);
  bool entry_is_gone(const vmoat_flow_key& key, const vmoat_flow& flow, bool mark);
  void want(Session& s, uint32_t client_bytes, uint32_t server_bytes);
  void answer(Session& s, bool was_followed, bool was_sought);
  bool leave_kernel(uint32_t number, FlowEnd end);
  uint32_t session_of_count(const vmoat_flow_key& key, const KeyedPacket& keyed, PathNumbers by,
                            const vmoat_flow& flow, int64_t offset_ns, Counted how);
  PathNumbers find_path(const vmoat_flow_key& key, uint32_t segment);
  [[nodiscard]] KeyedPacket keyed_of(const vmoat_flow_key& key, PathNumbers by) const;
  static bool may_speak(const Session& s, int end, uint16_t slot);
  static bool is_foreign(const Session& s, int sender, const Frame& frame);
  static void add_retransmissions(TcpEnd& end, uint32_t& seen, uint32_t now);
  void add_kernel_count(uint32_t number, int near, const vmoat_flow& flow, bool adopted);

  void learn(const Packet& packet, const Frame& frame);
  void learn_sender(const Packet& packet, const Frame& frame);
  void announce(uint32_t number);
  void meet_expectation(uint32_t number);
  void learn_leases(uint32_t segment, int64_t now_ns);
  void learn_one(Lesson& lesson, const Frame& frame);

  void tell_names(int64_t now_ns);
  [[nodiscard]] bool learns_names(const Session& s) const;
  void asked(const Session& s, const NameQuestion& question) override;
  void answered(const Session& s, const NameQuestion& question,
                std::span<const NameAddress> addresses) override;

  /** Hears what ends say (pipeline_content.cc): as many calls as there are messages, the subject is the same.
   */
  class Ear final : public ContentWatch, public ContentSink {
   public:
    explicit Ear(Impl& pipeline) : pipeline_(pipeline) {}
    ContentSink& sink(Session& s, int sender) override;

   private:
    void http(const HttpHead& head) override {
      if (!is_plain(head)) tell(&Threat::http, head);
    }
    void http_slow(const HttpSlowHead& head) override { tell(&Threat::http_slow, head); }
    void input(const HttpInput& input) override { tell(&Threat::input, input); }
    void dns(const DnsMessage& message) override { tell(&Threat::dns, message); }
    void tls(const TlsRecord& record) override { tell(&Threat::tls, record); }
    void banner(const Banner& banner) override { tell(&Threat::banner, banner); }
    void login(const Login& login) override { tell(&Threat::login, login); }
    template <class Message>
    void tell(void (*Threat::*hook)(const Message&, Alarm&), const Message& message);

    Impl& pipeline_;
    Session* session_ = nullptr;
    Subject subject_;
    bool has_subject_ = false;
  };

  void learn_owner(const Lesson& lesson, int64_t now_ns);
  void learn_lease_owner(const Lesson& lesson, int64_t now_ns);
  bool may_claim(const Address& address, const Packet& packet, const Frame& frame);
  [[nodiscard]] bool is_to_other(const Packet& packet, const Frame& frame) const;
  bool speaks_for_itself(const Packet& packet, const Frame& frame);
  bool introduces_itself(const Packet& p, const Frame& frame);
  void tell_end(uint32_t segment, const Address& address, uint16_t slot);

  [[nodiscard]] Subject subject_of(const Session& s, int source) const;
  [[nodiscard]] static Subject subject_of(const Packet& packet, const Frame& frame);
  /** A segment of a connection that runs, such as most are: no threat and no meter wants to know of it. */
  static bool is_ordinary(const Packet& p, State before) {
    constexpr uint16_t small_window = 16;  // VMOAT_METER_SMALL_WINDOW counts those below
    const bool bad_flags = (VMOAT_BAD_FLAGS >> (p.tcp_flags & 63) & 1) != 0;
    return p.proto == IPPROTO_TCP && p.layer == Layer::transport && before != State::fresh &&
           before != State::half_open && (p.tcp_flags & (tcp_syn | tcp_rst)) == 0 && !bad_flags &&
           p.window >= small_window;
  }
  void ask_policy(uint32_t number);
  void ask_policy_again();
  void tell_kernel(uint32_t number, const vmoat_flow_key& key, const FlowRule& rule);
  void unrule(uint32_t number);
  void write_policy(uint32_t number, FlowRecord& record) const;
  [[nodiscard]] uint32_t parent_of(uint32_t number) const;
  [[nodiscard]] bool is_related(const Session& s) const;
  [[nodiscard]] uint32_t decider_of(uint32_t number) const;
  [[nodiscard]] bool speaks_dhcp(const Session& s) const;
  [[nodiscard]] bool is_denied(uint32_t number, Verdict said) const;
  /** Of a flow in a tunnel, whose ends are no NICs of ours: what a rule denies. */
  static bool denies_inside(const Decision& d) {
    return d.verdict == Verdict::deny || (d.decided_by == DecidedBy::rule && d.violation);
  }

  HeldRuling rule_fragment(Held& held);
  HeldRuling rule_first(Held& held, const DatagramKey& datagram);
  HeldRuling rule_later(Held& held, const DatagramKey& datagram, DatagramOwner owner);
  Ruling rule_packet(Held& held);
  void tell_pair(uint32_t number, const Held& held, vmoat_verdict verdict);
  void tell_others(uint32_t number, const Held& held);
  Ruling rule_session(uint32_t number, const Held& held);
  void tell_rule(uint32_t number, const Held& held, bool denied);
  Ruling open(uint32_t number, const Held& held);
  uint32_t held_session(Held& held);
  uint32_t held_first(Held& held);
  bool places(uint32_t number, const Held& held);
  Decision current(uint32_t number);
  FrameVerdict verdict_of(uint32_t number, const Held& held);
  bool misleads(uint32_t number, const Held& held);
  void note_guards(const LivePolicy* policy);
  [[nodiscard]] bool is_older(const Session& s, uint16_t slot) const;
  void end_reading(uint32_t number);
  void shown(const Session& s, int sender, Bytes said) override;
  void forget_shown(uint32_t number);
  void vouch(uint32_t number, const Held& held);
  [[nodiscard]] bool is_vouched(uint32_t number) const;
  [[nodiscard]] Ruling compare_shown(uint32_t number, const Held& held);
  void bar_other(uint32_t number);
  void tell_unvouched(uint32_t number, const Held& held);
  ReadOn begin_reading(uint32_t number, const Held& held, uint32_t seq);
  ReadOn read_in_turn(uint32_t number, const Held& held, uint32_t seq);
  Ruling read_on(uint32_t number, Held& held);
  [[nodiscard]] Ticket ticket_at(uint32_t number, uint32_t seq) const;
  [[nodiscard]] Ticket line_now(uint32_t number);
  [[nodiscard]] bool has_passed_unread(uint32_t number, const Held& held);
  Ruling pass_unread(uint32_t number, Held& held, uint32_t seq);
  void tell_followed(uint32_t number, const Held& held);
  [[nodiscard]] bool is_held_at(uint32_t number, int end) const;
  FlowRule followed_at(uint32_t number, int end);
  void tell_later(uint32_t number);
  [[nodiscard]] vmoat_content content_of(const LiveCount& count) const;
  Verdict verdict_of_error(uint32_t number, const Held& held);
  static bool is_of_guarded(const Session& about, const Held& held);
  Decision decision_to_other(uint32_t number, const Held& held);
  FrameVerdict verdict_to_many(uint32_t number, const Held& held);
  Verdict verdict_carried(uint32_t number, const Held& held);
  Verdict verdict_inside(Packet& packet, uint32_t number, const Context& context);
  Verdict verdict_of_inner(Packet& packet, Context& context);
  uint32_t inner_session(Packet& packet, PathNumbers by, Context& context);
  uint32_t inner_fragment(Packet& packet, PathNumbers by, Context& context);
  [[nodiscard]] bool is_to_own_vtep(const Held& held) const;
  void judge(uint32_t number, int sender, const Packet& packet, const Context& context, State before);
  void judge_anomalies(const Packet& packet, const Context& context) {
    if (watch_.is_odd(packet.anomalies | context.anomalies)) judge_odd(packet, context);
  }
  void judge_odd(const Packet& packet, const Context& context);
  void judge_neighbour(const Packet& packet, const Frame& frame);
  void judge_flow(Session& s, FlowStep step, const uint64_t (&packets)[2], const uint64_t (&bytes)[2],
                  int64_t now_ns, FlowEnd end = FlowEnd::open);
  [[nodiscard]] bool is_end_told(const Session& s) const;
  void judge_end(Session& s, FlowEnd end);
  void judge_growth(Session& s, int sender, uint64_t packets, uint64_t bytes, int64_t now_ns);
  void note_opened(uint32_t number, int64_t now_ns);
  void judge_opened(int64_t until_ns);
  void meter(const Packet& packet, bool is_new, bool completed);
  void judge_second(int64_t now_ns);

  PipelineOptions options_;
  SipHash hash_;
  RecordSink& sink_;
  FlowControl* control_;
  Paths paths_;
  SessionTable table_;
  Fragments fragments_;
  Recognition recognition_;
  Listeners listeners_;
  Expectations expectations_;
  Addresses addresses_;
  Questions questions_;
  std::vector<NameRecord> name_news_;
  /** The packet that recognisers are reading. */
  struct {
    const Packet* packet = nullptr;
    const Frame* frame = nullptr;
    uint32_t session = 0;
  } heard_;
  Marks ended_;  // live: kernel entries that are gone
  FlowBatch batch_;
  PipelineCounters counters_;
  Region live_counts_;  // live: LiveCount by session number
  Region dirty_;        // live: numbers of sessions to report
  uint32_t dirty_count_ = 0;
  uint32_t retold_ = 0;  // up to this session
  Verdicts verdicts_;
  std::array<uint16_t, 2> dhcp_;  // application numbers, of DHCP and DHCPv6
  StreamLog shown_;
  Readings readings_;
  std::vector<std::pair<uint32_t, uint64_t>> told_later_;  // sessions, by number and id
  uint64_t continuous_ = 0;                                // the rules, see Policy::continuous
  int64_t continuous_since_ns_ = 0;
  std::vector<GuardedSince> guarded_since_;  // by slot
  HeldDatagrams held_datagrams_;
  uint32_t ruled_ = 0;        // session of the frame that was ruled on last
  uint32_t asked_again_ = 0;  // up to this session
  bool asking_again_ = false;
  bool retelling_ = false;
  uint64_t next_id_;
  int64_t now_ns_ = 0;
  Watch watch_;
  Ear ear_;
  std::vector<bool> ends_told_;  // whether some threat is told of the ends of the application's sessions
  std::vector<Opened> opened_;   // a ring
  size_t opened_first_ = 0, opened_count_ = 0;
  NicMeters own_meters_;  // offline: what the kernel counts otherwise
  int64_t metered_ns_ = 0;
  std::array<Turn, batch_max> turns_;
};

}  // namespace vmoat
