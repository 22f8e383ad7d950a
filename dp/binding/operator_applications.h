// Reads the operator's own applications out of a JavaScript array.
#pragma once

#include <memory>

#include "apps/operator_defined.h"
#include "binding/exports.h"

namespace vmoat::binding {

/** [{name, transports: ["tcp"], ports: [7800], client: [{hex: "42 ??", within: 0}], server: []}]; null for
 * none. */
Result<std::shared_ptr<const OperatorApplications>> operator_applications(const Napi::Value& given);

}  // namespace vmoat::binding
