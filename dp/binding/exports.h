// What each file of this room adds to the addon, and the few conversions that all of them need.
#pragma once

#include <napi.h>

#include <initializer_list>
#include <string_view>
#include <utility>

#include "base/result.h"

namespace vmoat::binding {

/** `registry`: names of applications, facts, anomalies and threats, as protocol.ts's Registry;
 * `threats`: ThreatInfo[]. */
void export_registry(Napi::Env env, Napi::Object exports);
/** `recordLayout`: {FlowRecord: {size, offsets}, …} as the compiler laid them out. */
void export_record_layout(Napi::Env env, Napi::Object exports);
/** class `Offline`: one capture file through the engine. */
void export_offline(Napi::Env env, Napi::Object exports);
/** class `Policy`: compiled tables, and the evaluator. */
void export_policy(Napi::Env env, Napi::Object exports);
/** `fallbackNames`. */
void export_fallback(Napi::Env env, Napi::Object exports);
/** class `Dataplane`: the live data plane, and `restore`. */
void export_dataplane(Napi::Env env, Napi::Object exports);
/** `panic`, `panicUntil`. */
void export_panic(Napi::Env env, Napi::Object exports);
/** `systemdNotify`, `systemdWatchdogMs`. */
void export_systemd(Napi::Env env, Napi::Object exports);
/** `peerCredentials`. */
void export_peer(Napi::Env env, Napi::Object exports);
/** `confine`. */
void export_privileges(Napi::Env env, Napi::Object exports);
/** `lockDirectory`. */
void export_lock(Napi::Env env, Napi::Object exports);

inline Napi::String text(Napi::Env env, std::string_view value) {
  return Napi::String::New(env, value.data(), value.size());
}

inline Napi::Number number(Napi::Env env, uint64_t value) {
  return Napi::Number::New(env, static_cast<double>(value));
}

/** An object of counts, by name. */
inline Napi::Object counts(Napi::Env env, std::initializer_list<std::pair<const char*, uint64_t>> values) {
  Napi::Object result = Napi::Object::New(env);
  for (const auto& [name, value] : values) result.Set(name, number(env, value));
  return result;
}

/** Throws into JavaScript: an Error with `errno` (0 when there is none). Return at once afterwards. */
inline void raise(Napi::Env env, const Error& error) {
  Napi::Error thrown = Napi::Error::New(env, error.what);
  thrown.Set("errno", Napi::Number::New(env, error.code));
  thrown.ThrowAsJavaScriptException();
}

inline void raise_type(Napi::Env env, const char* what) {
  Napi::TypeError::New(env, what).ThrowAsJavaScriptException();
}

}  // namespace vmoat::binding
