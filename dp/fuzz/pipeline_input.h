// Frames as fuzz input for the whole pipeline: each u8 flags (bits 0–2 link type, 4 segment, 7 cut by the
// capture), u8 time passed (units of 1/16 s, squared), u16 length, big-endian, and its bytes.
#pragma once

#include "base/byte_reader.h"

namespace vmoat {

/** Runs the frames through an offline pipeline with small tables; aborts where counters and records disagree.
 */
void run_pipeline(Bytes input);

}  // namespace vmoat
