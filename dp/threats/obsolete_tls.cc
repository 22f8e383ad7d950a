// Obsolete TLS: a server that takes SSL 2 (RFC 6176), SSL 3 (RFC 7568), TLS 1.0 or 1.1 (RFC 8996).
#include "threats/evidence.h"
#include "threats/threat.h"
#include "threats/tls_hello.h"

namespace vmoat {
namespace {

std::string_view name_of(uint16_t version) {
  switch (version) {
    case 2:
      return "SSL 2";
    case 0x0300:
      return "SSL 3";
    case 0x0301:
      return "TLS 1.0";
    case 0x0302:
      return "TLS 1.1";
    default:
      return {};
  }
}

void tls(const TlsRecord& record, Alarm& alarm) {
  const ServerChoice choice = server_choice(record);
  const std::string_view name = choice.found ? name_of(choice.version) : std::string_view{};
  if (!name.empty()) alarm.raise(Evidence() << "the server chose " << name);
}

}  // namespace

extern const Threat obsolete_tls_threat;
const Threat obsolete_tls_threat = {
    .name = "obsolete-tls",
    .severity = Severity::low,
    .action = ThreatAction::alert,
    .means = "a connection is encrypted by SSL 2, SSL 3, TLS 1.0 or TLS 1.1",
    .evidence = "the version that the server chose",
    .live = "every handshake",
    .tls = tls,
};

}  // namespace vmoat
