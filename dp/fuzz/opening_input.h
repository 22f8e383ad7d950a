// An opening as fuzz input: u8 flags (bits 0–1 transport, 2 direction seen, 3 mid-stream, 4 cut, 5 expected),
// u16 server port, u16 length of the client's bytes, these, then the server's; big-endian.
#pragma once

#include "apps/application.h"

namespace vmoat {

/** Asks the recogniser, follows the message where it has that appetite, and reads the client to its end;
 * aborts when its findings are wrong. */
void run_recogniser(const Application& app, Bytes input);

}  // namespace vmoat
