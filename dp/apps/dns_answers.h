// The addresses that a DNS answer gives the name that was asked for.
#pragma once

#include "apps/application.h"

namespace vmoat {

/** At most as many addresses of one answer are told, and aliases followed on the way to them. */
constexpr size_t name_addresses_max = 16, name_aliases_max = 16;

/**
 * Tells the findings who is asked for in a query of the client's, or what an answer of the server's says;
 * only questions of type A and AAAA in class IN for names that a host can have. The asked name gets the
 * addresses at the end of its aliases (RFC 1034, 3.6.2), with the least TTL on the way.
 */
void hear_names(Bytes message, bool from_server, Findings& findings);

}  // namespace vmoat
