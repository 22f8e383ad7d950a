// Weak cipher: a server that chose no encryption, no authentication, an export cipher, RC4 (RFC 7465) or DES.
#include <algorithm>

#include "threats/evidence.h"
#include "threats/threat.h"
#include "threats/tls_hello.h"

namespace vmoat {
namespace {

struct Range {
  uint16_t first, last;
  std::string_view why;
};

/** By IANA's registry of TLS cipher suites, in its order. */
constexpr Range weak[] = {{0x0000, 0x0002, "no encryption"},
                          {0x0003, 0x0003, "an export cipher"},
                          {0x0004, 0x0005, "RC4"},
                          {0x0006, 0x0006, "an export cipher"},
                          {0x0008, 0x0008, "an export cipher"},
                          {0x0009, 0x0009, "DES"},
                          {0x000b, 0x000b, "an export cipher"},
                          {0x000c, 0x000c, "DES"},
                          {0x000e, 0x000e, "an export cipher"},
                          {0x000f, 0x000f, "DES"},
                          {0x0011, 0x0011, "an export cipher"},
                          {0x0012, 0x0012, "DES"},
                          {0x0014, 0x0014, "an export cipher"},
                          {0x0015, 0x0015, "DES"},
                          {0x0017, 0x001b, "no authentication"},
                          {0x001e, 0x001e, "DES"},
                          {0x0020, 0x0020, "RC4"},
                          {0x0022, 0x0022, "DES"},
                          {0x0024, 0x0024, "RC4"},
                          {0x0026, 0x002b, "an export cipher"},
                          {0x002c, 0x002e, "no encryption"},
                          {0x0034, 0x0034, "no authentication"},
                          {0x003a, 0x003b, "no authentication or encryption"},
                          {0x0046, 0x0046, "no authentication"},
                          {0x0062, 0x0065, "an export cipher"},
                          {0x0066, 0x0066, "RC4"},
                          {0x006c, 0x006d, "no authentication"},
                          {0x0089, 0x008a, "no authentication or RC4"},
                          {0x008e, 0x008e, "RC4"},
                          {0x0092, 0x0092, "RC4"},
                          {0x009b, 0x009b, "no authentication"},
                          {0x00a6, 0x00a7, "no authentication"},
                          {0x00b0, 0x00b1, "no encryption"},
                          {0x00b4, 0x00b5, "no encryption"},
                          {0x00b8, 0x00b9, "no encryption"},
                          {0xc001, 0xc002, "no encryption or RC4"},
                          {0xc006, 0xc007, "no encryption or RC4"},
                          {0xc00b, 0xc00c, "no encryption or RC4"},
                          {0xc010, 0xc011, "no encryption or RC4"},
                          {0xc015, 0xc019, "no authentication"},
                          {0xc033, 0xc033, "RC4"},
                          {0xc039, 0xc03b, "no encryption"}};

std::string_view why_weak(uint16_t cipher) {
  const auto* range = std::find_if(std::begin(weak), std::end(weak),
                                   [&](const Range& r) { return cipher >= r.first && cipher <= r.last; });
  return range == std::end(weak) ? std::string_view{} : range->why;
}

void tls(const TlsRecord& record, Alarm& alarm) {
  const ServerChoice choice = server_choice(record);
  if (!choice.found || choice.version == 2) return;
  const std::string_view why = why_weak(choice.cipher);
  if (!why.empty())
    alarm.raise(Evidence() << "the server chose cipher suite " << choice.cipher << ": " << why);
}

}  // namespace

extern const Threat weak_cipher_threat;
const Threat weak_cipher_threat = {
    .name = "weak-cipher",
    .severity = Severity::medium,
    .action = ThreatAction::alert,
    .means =
        "a TLS server chose a cipher suite without encryption or authentication, or with export keys, RC4 or "
        "DES",
    .evidence = "the suite's number (IANA) and what is weak about it",
    .live = "every handshake",
    .tls = tls,
};

}  // namespace vmoat
