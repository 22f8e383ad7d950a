// What the policy is asked, and what it answers.
#pragma once

#include <cstdint>

#include "contract/records.h"
#include "policy/identity.h"
#include "policy/rule_set.h"
#include "policy/tables.h"

namespace vmoat {

/** A flow as the policy sees it. Also the form in which many are asked at a time: 24 bytes, little-endian. */
struct Question {
  Identity from = 0, to = 0;       // client, server
  uint16_t layers[3] = {0, 0, 0};  // of the application, the outermost first, 0 = none
  uint16_t port = 0;               // the server's; ICMP: type << 8 | code
  uint16_t client_port = 0;        // asked for only where the direction is inferred
  uint8_t proto = 0;
  Confidence confidence = Confidence::none;
  bool application_final = false;   // nothing more will be learned of the application
  bool direction_inferred = false;  // from may be the server
  bool application_by_port =
      false;  // as long as it is not known, allow rules that name one go by their ports
  uint8_t pad = 0;
};
static_assert(sizeof(Question) == 24);

/** 0 where it is not known. */
constexpr ApplicationPath application_of(const Question& q) {
  if (q.confidence == Confidence::none) return 0;
  return ApplicationPath{q.layers[0]} << 32 | ApplicationPath{q.layers[1]} << 16 | q.layers[2];
}

/** The answer, 16 bytes in the form for many. */
struct Decision {
  uint32_t rule = 0;                // its number; 0 = none
  Verdict verdict = Verdict::none;  // none: cannot be said yet
  DecidedBy decided_by = DecidedBy::none;
  Mode from_mode = Mode::none, to_mode = Mode::none;  // in effect at each end
  bool violation = false;                             // known only when final
  bool final = false;                                 // more knowledge of the application changes nothing
  bool reversed = false;                              // the answer is for the other way round
  bool by_port = false;                               // the rule allows by its ports alone
  bool continuous = false;                            // only as long as the application is still what it was
  uint8_t pad[3] = {0, 0, 0};

  bool operator==(const Decision&) const = default;
};
static_assert(sizeof(Decision) == 16);

}  // namespace vmoat
