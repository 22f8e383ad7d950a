// Two ways to read an opening: either_way tries both orientations, datagram takes the one that speaks.
#pragma once

#include <algorithm>

#include "apps/application.h"

namespace vmoat {

/**
 * Asks `judge(client, server, opening, findings)`. Where nobody saw who opened the flow, the other
 * orientation is asked, too, and the better answer counts. A judge writes findings only with the claim
 * that it returns being `guess` or `sure`.
 */
template <class Judge>
Claim either_way(const Opening& opening, Findings& findings, Judge judge) {
  const Claim claim = judge(opening.client, opening.server, opening, findings);
  if (claim == Claim::sure || (opening.direction_seen && opening.transport == over_tcp)) return claim;
  const Claim other = judge(opening.server, opening.client, opening, findings);
  if (other <= claim) return claim;
  if (other >= Claim::guess) findings.ends_swapped();
  return other;
}

/** The datagram at hand (UDP: exactly one side speaks). */
inline Bytes datagram(const Opening& opening) {
  return opening.client.empty() ? opening.server : opening.client;
}
inline bool from_server(const Opening& opening) {
  return opening.client.empty();
}

}  // namespace vmoat
