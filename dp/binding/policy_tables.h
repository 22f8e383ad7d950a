// Reads PolicyTables out of JavaScript objects.
#pragma once

#include "binding/exports.h"
#include "policy/tables.h"

namespace vmoat::binding {

/** Tables as dp/contract/policy.ts has them. An error begins with the field that is missing or of another
 * kind. */
Result<PolicyTables> policy_tables(const Napi::Value& given);

}  // namespace vmoat::binding
