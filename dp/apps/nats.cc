// nats: the NATS client protocol (docs.nats.io, "Client Protocol"): the server's INFO, the client's CONNECT,
// in JSON.
#include "apps/sides.h"
#include "apps/text.h"

namespace vmoat {
namespace {

constexpr uint16_t ports[] = {4222};
constexpr std::string_view infos[] = {"INFO {"};
constexpr std::string_view connects[] = {"CONNECT {"};

Claim judge(Bytes client, Bytes server, const Opening&, Findings&) {
  const Claim info = begins_with_any(server, infos), connect = begins_with_any(client, connects);
  return info == Claim::no || connect == Claim::no ? Claim::no : std::max(info, connect);
}

Claim recognise(const Opening& opening, Findings& findings) {
  return either_way(opening, findings, judge);
}

}  // namespace

extern const Application nats_application;
const Application nats_application{"nats", over_tcp, ports, recognise};

}  // namespace vmoat
