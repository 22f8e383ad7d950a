// Threat: what one threat is. One file per threat, one line in list.h.
//
// A threat's hooks are pure functions of an event and of what the threat itself has counted (tally.h). The
// engine calls them where something happens; nothing is called for the bulk of a flow.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "threats/crowd.h"
#include "threats/event.h"
#include "threats/evidence.h"
#include "threats/owners.h"
#include "threats/rates.h"
#include "threats/tally.h"

namespace vmoat {

struct HttpHead;
struct HttpSlowHead;
struct HttpInput;
struct DnsMessage;
struct TlsRecord;
struct Banner;
struct Login;

enum class Severity : uint8_t { low, medium, high, critical };
/** What protect does about it. */
enum class ThreatAction : uint8_t { alert, deny };

/** A number of the operator's: `threats: {NAME: {name: value}}` in the configuration file. */
struct Threshold {
  std::string_view name;  // "per-second"
  std::string_view unit;  // of the value: "packets", "bytes", "s"
  uint64_t standard;      // where the file says nothing
  uint64_t least, most;
  std::string_view means;  // one line
};
constexpr size_t thresholds_max = 4;  // of one threat

/** What a hook may do. Implemented by the engine; stands for one threat and one event. */
class Alarm {
 public:
  /** The threat is there. `evidence` is copied and cut at evidence_bytes_max; it may hold bytes of the
   * peer's, unescaped: whoever shows it escapes it. */
  virtual void raise(std::string_view evidence) = 0;
  /** Another one did it to another one than the event's own subject says. */
  virtual void raise_for(const Subject& subject, std::string_view evidence) = 0;
  /** Value of the threat's nth threshold. */
  [[nodiscard]] virtual uint64_t threshold(size_t index) const = 0;
  /** The threat's own count under this key, made where it is new; begins anew `window_s` after its beginning.
   * Valid until the hook returns. */
  virtual Tally& tally(const TallyKey& key, uint32_t window_s) = 0;
  /** How often the threat has counted this item lately (threats/rates.h): never too few. Far cheaper than a
   * tally, to be asked whether one is worth taking. */
  virtual uint32_t rate(uint64_t item) = 0;
  /** Who owns which address; shared by all threats. */
  virtual Owners& owners() = 0;
  [[nodiscard]] virtual const Subject& subject() const = 0;
  [[nodiscard]] virtual int64_t now_ns() const = 0;

 protected:
  ~Alarm() = default;
};

struct Threat {
  std::string_view name;  // as records, docs and the API bear it: "syn-flood"
  Severity severity;
  ThreatAction action;
  std::string_view means;     // one line: what it is
  std::string_view evidence;  // one line: what is shown as proof
  std::string_view live;      // one line: what it sees on a NIC, and what bounds that
  std::string_view offline = "the same, of every frame in the file";
  std::span<const Threshold> thresholds = {};
  uint64_t anomalies = 0;                        // every packet with one of these (parse/anomaly.h) raises it
  void (*odd)(const Packet&, Alarm&) = nullptr;  // decides about such a packet; null: it always does

  // Hooks; any may be null.
  uint8_t packets = 0;  // PacketKind bits: for which packets `packet` is called
  void (*packet)(const PacketEvent&, Alarm&) = nullptr;
  uint8_t flows = 0;  // FlowStep bits
  void (*flow)(const FlowEvent&, Alarm&) = nullptr;
  std::span<const std::string_view> ends_of = {};  // applications whose flows' ends it is told; empty: all
  void (*neighbour)(const NeighbourEvent&, Alarm&) = nullptr;  // ARP, NDP, DHCP servers, routers
  CrowdKind crowd = CrowdKind::tcp;                            // whose ends `second` is told
  void (*second)(const NicSecond&, Alarm&) = nullptr;  // of each NIC and way, with the kernel's meters

  // What is said inside flows; types of threats/content.
  void (*http)(const HttpHead&, Alarm&) = nullptr;           // a head that is not plain (is_plain)
  void (*http_slow)(const HttpSlowHead&, Alarm&) = nullptr;  // a request head that does not end
  void (*input)(const HttpInput&, Alarm&) = nullptr;         // what a request puts into an application
  void (*dns)(const DnsMessage&, Alarm&) = nullptr;
  void (*tls)(const TlsRecord&, Alarm&) = nullptr;  // a record's header and its first bytes
  void (*banner)(const Banner&, Alarm&) = nullptr;  // greeting of ssh and others
  void (*login)(const Login&, Alarm&) = nullptr;    // a login that the server refused
};

/** All threats; bit n of FlowRecord::threats is threats()[n]. At most 64. */
std::span<const Threat> threats();

std::string_view severity_name(Severity severity);
std::string_view action_name(ThreatAction action);

}  // namespace vmoat
