// panic(pinRoot, seconds): void, panicUntil(pinRoot): number: by the pinned map alone, whoever else is alive.
#include "base/clock.h"
#include "binding/exports.h"
#include "capture/tap_kernel.h"

namespace vmoat::binding {
namespace {

constexpr double seconds_max = 24 * 3600;

/** 0 seconds end it. */
void panic(const Napi::CallbackInfo& info) {
  if (!info[0].IsString() || !info[1].IsNumber()) return raise_type(info.Env(), "panic(pinRoot, seconds)");
  const double seconds = info[1].As<Napi::Number>().DoubleValue();
  if (!(seconds >= 0 && seconds <= seconds_max)) return raise_type(info.Env(), "seconds: 0 to 86400");
  const int64_t until_ns = clock_ns(CLOCK_BOOTTIME) + static_cast<int64_t>(seconds * ns_per_s);
  const std::string pin_root = info[0].As<Napi::String>().Utf8Value();
  Status set = set_panic(pin_root, seconds == 0 ? 0 : static_cast<uint64_t>(until_ns));
  if (!set) raise(info.Env(), set.error());
}

/** Seconds left; 0: there is no panic. */
Napi::Value panic_until(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  if (!info[0].IsString()) return raise_type(env, "panicUntil(pinRoot)"), env.Undefined();
  Result<uint64_t> until_ns = read_panic(info[0].As<Napi::String>().Utf8Value());
  if (!until_ns) return raise(env, until_ns.error()), env.Undefined();
  const double left = static_cast<double>(*until_ns) - static_cast<double>(clock_ns(CLOCK_BOOTTIME));
  return Napi::Number::New(env, left > 0 ? left / ns_per_s : 0);
}

}  // namespace

void export_panic(Napi::Env env, Napi::Object exports) {
  exports.Set("panic", Napi::Function::New<panic>(env, "panic"));
  exports.Set("panicUntil", Napi::Function::New<panic_until>(env, "panicUntil"));
}

}  // namespace vmoat::binding
