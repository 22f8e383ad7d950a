// What JavaScript hands to the live data plane, as its own types.
#pragma once

#include <napi.h>

#include "engine/dataplane.h"

namespace vmoat::binding {

/** Absent keys keep the data plane's defaults; a key of the wrong kind or out of range is an Error. */
Result<DataplaneConfig> dataplane_config(const Napi::Object& given);
/** protocol.ts's Inventory["nics"]; entries that are no objects are skipped. */
std::vector<ExpectedNic> expected_nics(const Napi::Array& given);

}  // namespace vmoat::binding
