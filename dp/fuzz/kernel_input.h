// A frame as fuzz input for two parsers at once: the kernel's, run by BPF_PROG_TEST_RUN, and the engine's.
#pragma once

#include "base/byte_reader.h"

namespace vmoat {

/** Aborts where the two make different keys of the frame. Does nothing without root: the kernel's cannot run.
 */
void run_kernel_differential(Bytes frame);

}  // namespace vmoat
