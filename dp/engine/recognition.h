// Recognition: asks the registry's recognisers about a session as its openings grow, until one claims it or
// all have declined; then feeds those that read on.
#pragma once

#include <array>
#include <bitset>
#include <memory>
#include <vector>

#include "apps/operator_defined.h"
#include "engine/contents.h"
#include "engine/facts.h"
#include "engine/fallback.h"
#include "session/streams.h"
#include "session/tcp.h"

namespace vmoat {

/** Somebody learned by DHCP that `ip` belongs to `mac`. */
struct Lease {
  Address ip;
  Mac mac;
};

/** A flow that was announced; see Expectation. */
struct Announcement {
  Address address;
  bool is_told = false;  // `address` is meant, else an end of the announcing flow
  bool of_server = true;
  uint8_t family = 4;
  uint8_t proto = 0;
  uint16_t port = 0;
  uint16_t lifetime_s = 0;
  uint8_t application = 0;  // registry number + 1
  bool once = true, anyone = false, is_client = false;
};

/** Hears which names are asked for and what is answered. */
class NameWatch {
 public:
  virtual void asked(const Session& s, const NameQuestion& question) = 0;
  virtual void answered(const Session& s, const NameQuestion& question,
                        std::span<const NameAddress> addresses) = 0;

 protected:
  ~NameWatch() = default;
};

/** Hears what of a TCP stream recognisers are shown while its application is sought, in order and once. */
class ShownWatch {
 public:
  virtual void shown(const Session& s, int sender, Bytes said) = 0;

 protected:
  ~ShownWatch() = default;
};

struct RecognitionOptions {
  size_t openings_bytes_max = 0, facts_bytes_max = 0, contents_bytes_max = 0;
  uint16_t slots = 1;  // of NICs that share this memory
  bool keep_facts = false;
  std::shared_ptr<const OperatorApplications> of_operator;  // may be null
  std::shared_ptr<const Ndpi> fallback;                     // null: what nobody knows stays unknown
  uint32_t fallback_slots = Fallback::slots_standard;
};

class Recognition {
 public:
  struct Refusals {
    uint64_t openings = 0, facts = 0, fallback = 0;
  };

  explicit Recognition(const RecognitionOptions& options);

  /** Null, or without facts: nobody hears of names. */
  void watch_names(NameWatch* watch) { name_watch_ = watch; }
  void watch_shown(ShownWatch* watch) { shown_watch_ = watch; }

  /** A new session: who could claim it. */
  void begin(Session& s) const;
  /** A datagram, ICMP message or SCTP chunk of a session that is undecided or followed. */
  void datagram(Session& s, int sender, Bytes payload, bool cut);
  /** A TCP segment as track_tcp saw it; data in order goes to the recognisers, other data waits. */
  void segment(Session& s, int sender, Packet& packet, const Segment& segment);
  /** A new session was announced as `application` (registry number + 1); `sure` by those whose it is. */
  void announced(Session& s, uint8_t application, bool sure);
  /** The session ends: the last chance of those that wanted more. */
  void finish(Session& s);
  void drop(Session& s);
  /** What it says is no longer its application's: it has none from now on. */
  void lose(Session& s);

  /** Whether recognisers still ask for data. */
  static bool recognises(const Session& s) {
    return !s.has(is_decided) || s.has(is_followed) || s.has(is_shown);
  }
  /** Whether more of the session's data would be read, by recognisers or by threats. */
  static bool wants_more(const Session& s) { return recognises(s) || Contents::reads(s); }
  /** Likewise of what this end says. */
  static bool wants_more(const Session& s, int sender) { return recognises(s) || Contents::reads(s, sender); }
  [[nodiscard]] Bytes facts(const Session& s) const { return facts_.of(s); }
  /** Whether some application over UDP names this port. */
  [[nodiscard]] bool is_udp_port(uint16_t port) const { return udp_ports_.test(port); }
  /** Bytes a followed session may still say before it is left alone. */
  [[nodiscard]] uint32_t follow_bytes(const Session& s) const;
  /** Leases found since the last call; the caller clears them. */
  std::vector<Lease>& leases() { return leases_; }
  /** Flows announced since the last call; the caller clears them. */
  std::vector<Announcement>& announcements() { return announcements_; }
  /** The registry's number of an application in a session (1 on), 0 = none. */
  [[nodiscard]] uint8_t number_of(std::string_view application) const;
  /** The name of an application by that number, or one of those behind the registry's. */
  [[nodiscard]] std::string_view name_of(uint16_t application) const;
  [[nodiscard]] const Refusals& refusals() const { return refusals_; }
  Contents& contents() { return contents_; }

 private:
  /** What one recogniser says in one call. */
  class Notes final : public Findings {
   public:
    explicit Notes(const Recognition& r) : recognition_(r) {}
    void fact(Fact key, std::string_view value) override;
    void layer(std::string_view application) override;
    void lease(Bytes ip, Bytes mac) override;
    void ends_swapped() override { swapped = true; }
    void unfinished() override { wants_more = true; }
    void enough() override { has_enough = true; }
    void keep(Bytes bytes) override;
    void expect(const Expectation& expectation) override;
    void asked(const NameQuestion& question) override;
    void answered(const NameQuestion& question, std::span<const NameAddress> addresses) override;
    void clear();

    const Session* speaks = nullptr;  // whose messages are read
    FactRun facts;
    std::array<uint8_t, 3> layers{};
    uint8_t layer_count = 0;
    bool swapped = false, wants_more = false, has_enough = false;
    std::array<Lease, 4> leases;
    uint8_t lease_count = 0;
    std::array<Announcement, 8> announcements;
    uint8_t announcement_count = 0;
    std::array<uint8_t, kept_bytes_max> kept;
    size_t kept_bytes = 0;
    bool has_kept = false;

   private:
    const Recognition& recognition_;
  };

  [[nodiscard]] uint64_t hints(const Session& s) const;
  static Opening opening(const Session& s, int sender, Bytes said, Bytes heard, bool cut);
  void show_kept(const Session& s, Opening& opening) const;
  void remember(Session& s, int sender);
  void begin_following(Session& s, int client, const Opening& opening);
  void ask(Session& s, int sender, const Opening& opening);
  bool pass_preface(Session& s, Opening& opening);
  bool ask_expected(Session& s, const Opening& opening);
  void ask_all(Session& s, const Opening& opening);
  Claim ask_operator(Session& s, const Opening& opening);
  void ask_claimer(Session& s, const Opening& opening);
  Claim ask_one(int number, const Opening& opening);
  void claim(Session& s, int number, Claim claim, const Notes& notes, const Opening& opening);
  void write_down(Session& s, const Notes& notes);
  void decide(Session& s, const Opening* opening = nullptr);
  void in_order(Session& s, int sender, Bytes data);
  size_t grow(Session& s, int sender, Bytes data);
  void message(Session& s, int sender, Bytes data, bool cut);
  void give_up(Session& s);
  bool begin_showing(Session& s, const Opening& opening);
  void show(Session& s, int sender, Bytes data);
  void end_showing(Session& s);

  std::span<const Application> all_;
  std::shared_ptr<const OperatorApplications> of_operator_;
  std::array<uint64_t, 16> by_transport_{};  // applications per Transport bits
  std::vector<uint64_t> hints_ = {0};        // applications that are likely at some port
  std::array<uint16_t, 65536> hint_of_{};    // port → place in hints_, 0 = none
  std::bitset<65536> udp_ports_;
  std::unique_ptr<Fallback> fallback_;  // null: none
  uint8_t ndpi_ = 0;                    // its name's registry number + 1
  bool keep_facts_;
  NameWatch* name_watch_ = nullptr;
  ShownWatch* shown_watch_ = nullptr;
  Streams streams_;
  FactStore facts_;
  Contents contents_;
  Notes notes_, guess_notes_;
  std::vector<Lease> leases_;
  std::vector<Announcement> announcements_;
  std::array<std::array<uint8_t, opening_bytes_max>, 2>
      openings_;  // of a control flow, while it is read again
  Refusals refusals_;
};

}  // namespace vmoat
