// Tables as fuzz input: text, a line each. `a…` an address, `n…` a pattern of names, `p…` ports of the newest
// rule, `l…` its applications, `r` a rule (its second and third byte say between which groups, the fourth
// allow or deny), `g` a group (second byte: mode), `e…` an end. What follows a zero byte are questions.
#pragma once

#include "base/byte_reader.h"

namespace vmoat {

/** Compiles the tables; aborts where explain tells anything else than what the evaluator did. */
void run_policy(Bytes input);

}  // namespace vmoat
