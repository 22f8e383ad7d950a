// The data plane's tables as the JavaScript objects of protocol.ts.
#pragma once

#include "binding/exports.h"
#include "binding/mailbox.h"

namespace vmoat::binding {

/** Nics, Links and Segments of protocol.ts. */
Napi::Object to_object(Napi::Env env, const Table<TappedNic>& table);
Napi::Object to_object(Napi::Env env, const Table<LinkInfo>& table);
Napi::Object to_object(Napi::Env env, const Table<SegmentInfo>& table);
/** DpStatus of protocol.ts without `at` and `use`, which the service knows. */
Napi::Object to_object(Napi::Env env, const DataplaneStatus& status, uint64_t lost_records);
/** {level, text} */
Napi::Object to_object(Napi::Env env, const LogLine& line);
/** The bytes of a bulk body. */
Napi::Value to_object(Napi::Env env, const std::vector<uint8_t>& body);

}  // namespace vmoat::binding
