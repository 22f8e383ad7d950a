// echo: the Echo service (RFC 862) over TCP: its server says what the client said. Nothing in the bytes names
// it, so that it is a guess, and only at its own port.
#include "apps/sides.h"

namespace vmoat {
namespace {

constexpr uint16_t ports[] = {7};
constexpr size_t enough = 4;

Claim judge(Bytes client, Bytes server, const Opening&, Findings&) {
  const size_t both = std::min(client.size(), server.size());
  if (!std::equal(server.begin(), server.begin() + static_cast<ptrdiff_t>(both), client.begin()))
    return Claim::no;
  return both >= enough && server.size() <= client.size() ? Claim::guess : Claim::more;
}

Claim recognise(const Opening& opening, Findings& findings) {
  if (opening.server_port != ports[0] && (opening.direction_seen || opening.client_port != ports[0]))
    return Claim::no;
  if (opening.server_port == ports[0]) return judge(opening.client, opening.server, opening, findings);
  const Claim claim = judge(opening.server, opening.client, opening, findings);
  if (claim == Claim::guess) findings.ends_swapped();
  return claim;
}

}  // namespace

extern const Application echo_application;
const Application echo_application{"echo", over_tcp, ports, recognise};

}  // namespace vmoat
