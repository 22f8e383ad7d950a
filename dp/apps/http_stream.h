// What an HTTP/1 client says, from its first byte to its last.
#pragma once

#include "apps/application.h"

namespace vmoat {

/** False from the first byte on that belongs to no request (RFC 9112), and where receivers could differ on
 * where a request ends: doubtful lengths and codings, folded lines, control characters. What a connection was
 * upgraded to, or a CONNECT opened, is no HTTP any more. */
bool http_goes_on(Bytes& said, StreamMemory& memory);

}  // namespace vmoat
