// sd_notify and the watchdog's interval, from libsystemd.
#include <systemd/sd-daemon.h>

#include "binding/exports.h"

namespace vmoat::binding {
namespace {

/** systemdNotify(state: string): boolean — true where a supervisor listened. See sd_notify(3). */
Napi::Value notify(const Napi::CallbackInfo& info) {
  if (!info[0].IsString()) {
    raise_type(info.Env(), "systemdNotify(state: string)");
    return {};
  }
  return Napi::Boolean::New(info.Env(), sd_notify(0, info[0].As<Napi::String>().Utf8Value().c_str()) > 0);
}

/** systemdWatchdogMs(): number — longest time between two WATCHDOG=1, 0 where none is asked for. */
Napi::Value watchdog_ms(const Napi::CallbackInfo& info) {
  uint64_t us = 0;
  bool wanted = sd_watchdog_enabled(0, &us) > 0;
  return Napi::Number::New(info.Env(), wanted ? static_cast<double>(us) / 1000 : 0);
}

}  // namespace

void export_systemd(Napi::Env env, Napi::Object exports) {
  exports.Set("systemdNotify", Napi::Function::New(env, notify, "systemdNotify"));
  exports.Set("systemdWatchdogMs", Napi::Function::New(env, watchdog_ms, "systemdWatchdogMs"));
}

}  // namespace vmoat::binding
