// Verdicts: what the policy says to each session, beside it by its number. One thread's, like the pipeline.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "base/clock.h"
#include "base/region.h"
#include "engine/address_owners.h"
#include "policy/evaluate.h"
#include "session/learned_names.h"
#include "session/paths.h"
#include "session/session.h"

namespace vmoat {

/** What guards are made of beside identities. */
struct NicFacts {
  uint32_t segment = 0;  // of untagged frames
  Mac mac{};             // the guest's, as libvirt has it; zero: not known
  bool used = false;     // a NIC has the slot
  bool waits = false;    // no policy speaks of it yet
  bool guarded = false;  // it is in protect, and verdicts are carried out

  bool operator==(const NicFacts&) const = default;
};

/** A policy, and the identity of each NIC by its slot. */
struct LivePolicy {
  std::shared_ptr<const Policy> policy;
  std::vector<Identity> nics;
  /** When each was tapped first, ns since the epoch; 0 or none: before any flow that is of interest. */
  std::vector<int64_t> adopted_ns = {};
  /** Of guards in the kernel: another one with each of these. */
  uint32_t generation = 0;
  /** By slot; of those in use. */
  std::vector<NicFacts> facts = {};
  /** Nothing is enforced for the time being. */
  bool panic = false;
};

/** Whether whoever has the address is no single end: multicast, IPv4's broadcast. */
bool is_to_many(const Address& address);

/** A flow without SYN that begins so soon after its NIC's adoption is older than the tap, not forged. */
constexpr int64_t adoption_ns = 60 * ns_per_s;

class Verdicts {
 public:
  /** `names` and `own` may be null. */
  Verdicts(uint32_t sessions_max, LearnedNames* names, const AddressOwners* own = nullptr)
      : judged_((size_t{sessions_max} + 1) * sizeof(Judged)), names_(names), own_(own) {}

  /** From now on; what was judged before counts no more. */
  void take(std::shared_ptr<const LivePolicy> policy);
  [[nodiscard]] bool active() const { return evaluator_ != nullptr; }
  /** Whether any rule is. */
  [[nodiscard]] bool has_continuous() const { return policy_ && policy_->policy->continuous() != 0; }
  /** A session begins. */
  void begin(uint32_t number) {
    if (turn_ != 0) at(number) = {};
  }
  /**
   * Judges a session if it never was under this policy, or something of it changed that the verdict hangs on;
   * with `ends` its application counts as it is. True where the answer is another one.
   */
  bool judge(uint32_t number, const Session& session, const Path& path, int64_t now_ns, bool ends = false);
  /** Likewise, also of a flow that goes with another one, as if it did not. */
  bool judge_alone(uint32_t number, const Session& session, const Path& path, int64_t now_ns,
                   bool ends = false);
  /** The answer as of the last judge(), were this end who its address says, whatever NIC it was met at. */
  [[nodiscard]] Decision by_address(uint32_t number, const Session& session, int end, const Path& path,
                                    int64_t now_ns) const;
  /** Likewise, were it a broadcast address. */
  [[nodiscard]] Decision to_all(uint32_t number, const Session& session, int end, const Path& path) const;
  /** What the groups of a NIC say. */
  [[nodiscard]] const EndProtection& protection(uint16_t slot) const;
  [[nodiscard]] uint32_t generation() const { return policy_ ? policy_->generation : 0; }
  [[nodiscard]] bool is_guarded(const Session& session) const;
  [[nodiscard]] bool is_panic() const { return policy_ && policy_->panic; }
  /** The answer as of the last judge(); none without a policy. */
  [[nodiscard]] Decision decision(uint32_t number) const;
  /** What can be said of every flow like one before its application is known. */
  struct Foreseen {
    Question of;
    int client;             // the end that it is asked about as such
    vmoat_verdict verdict;  // VMOAT_ALLOW: by a rule, whatever it turns out to be; VMOAT_OPENING: hangs on it
  };
  /** Of a flow that began before our eyes; nothing where the verdict is another one. Precondition: it was
   * judged. */
  [[nodiscard]] std::optional<Foreseen> foreseen(uint32_t number, const Session& s) const;
  /** Of a NIC; 0 without a policy. */
  [[nodiscard]] Identity nic(uint16_t slot) const;
  /** Of an end that is no NIC we met; 0 where names could change it. */
  [[nodiscard]] Identity identity_by_address(uint32_t segment, const Address& address) const;
  [[nodiscard]] bool guards(uint16_t slot) const;
  /** The NIC of a segment whose guest has this MAC; no_slot where there is none, or two. */
  [[nodiscard]] uint16_t slot_of(uint32_t segment, const Mac& mac) const;
  /** Whose addresses the NIC's guest may send under: `any` where it is not guarded. */
  [[nodiscard]] OwnAddresses whose_addresses(uint16_t slot) const;
  /** Writes the answer into a record. */
  void write(uint32_t number, FlowRecord& record) const;

 private:
  /** What an answer hangs on, beside the session's addresses. */
  struct Seen {
    uint16_t layers[3] = {0, 0, 0};
    uint16_t slot[2] = {0, 0};
    uint16_t flags = 0;
    bool operator==(const Seen&) const = default;
  };
  struct Judged {
    uint32_t turn = 0;  // of the policy; 0 = never
    Identity ends[2] = {0, 0};
    Seen seen;
    Decision decision;
  };
  static_assert(sizeof(Judged) == 40);

  [[nodiscard]] Judged& at(uint32_t number) const {
    return reinterpret_cast<Judged*>(judged_.data())[number];
  }
  [[nodiscard]] Identity identity(const Session& session, int end, uint16_t slot, const Path& path,
                                  int64_t now_ns) const;
  static Seen seen_of(const Session& session, bool ends);
  [[nodiscard]] bool is_older_than_tap(const Session& session) const;
  [[nodiscard]] Decision with_fail_safe(Decision decision, const Question& question) const;
  [[nodiscard]] int asker(const Session& session) const;
  [[nodiscard]] Decision with_end(uint32_t number, const Session& session, int end, Identity who) const;
  [[nodiscard]] Question question_of(const Session& session, const Judged& judged, const Seen& seen) const;

  Region judged_;
  LearnedNames* names_;
  const AddressOwners* own_;
  std::shared_ptr<const LivePolicy> policy_;
  std::unique_ptr<Evaluator> evaluator_;
  uint32_t turn_ = 0;
  uint32_t void_until_ =
      0;  // what was judged in this turn or before counts as never judged: there was no policy since
};

}  // namespace vmoat
