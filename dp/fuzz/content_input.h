// What two ends say as fuzz input for a splitter and all threats behind it: pieces of u8 flags (bit 0 from
// the client, 1 over UDP, 2 a second passes) and u16 length, big-endian, and their bytes.
#pragma once

#include "threats/content/content.h"

namespace vmoat {

/** Hands the pieces to the splitter as a flow, each datagram by itself; every threat hears what it finds. */
void run_splitter(const Splitter& splitter, Bytes input);

}  // namespace vmoat
