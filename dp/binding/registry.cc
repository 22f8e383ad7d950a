// The names behind the numbers of bulk records.
#include "binding/exports.h"
#include "engine/dataplane.h"
#include "threats/threat.h"

namespace vmoat::binding {
namespace {

Napi::Array names(Napi::Env env, Names which) {
  Napi::Array list = Napi::Array::New(env);
  for (std::string_view name : Dataplane::names(which)) list.Set(list.Length(), text(env, name));
  return list;
}

Napi::Object threshold_object(Napi::Env env, const Threshold& threshold) {
  Napi::Object result = Napi::Object::New(env);
  const auto number = [&](uint64_t value) { return Napi::Number::New(env, static_cast<double>(value)); };
  result.Set("name", text(env, threshold.name));
  result.Set("unit", text(env, threshold.unit));
  result.Set("standard", number(threshold.standard));
  result.Set("least", number(threshold.least));
  result.Set("most", number(threshold.most));
  result.Set("means", text(env, threshold.means));
  return result;
}

Napi::Object threat_object(Napi::Env env, const Threat& threat) {
  Napi::Object result = Napi::Object::New(env);
  result.Set("name", text(env, threat.name));
  result.Set("severity", text(env, severity_name(threat.severity)));
  result.Set("action", text(env, action_name(threat.action)));
  result.Set("means", text(env, threat.means));
  result.Set("evidence", text(env, threat.evidence));
  result.Set("live", text(env, threat.live));
  result.Set("offline", text(env, threat.offline));
  Napi::Array thresholds = Napi::Array::New(env);
  for (const Threshold& t : threat.thresholds) thresholds.Set(thresholds.Length(), threshold_object(env, t));
  result.Set("thresholds", thresholds);
  return result;
}

}  // namespace

void export_registry(Napi::Env env, Napi::Object exports) {
  Napi::Object registry = Napi::Object::New(env);
  registry.Set("applications", names(env, Names::applications));
  registry.Set("facts", names(env, Names::facts));
  registry.Set("anomalies", names(env, Names::anomalies));
  registry.Set("threats", names(env, Names::threats));
  exports.Set("registry", registry);
  Napi::Array described = Napi::Array::New(env);
  for (const Threat& t : threats()) described.Set(described.Length(), threat_object(env, t));
  exports.Set("threats", described);
}

}  // namespace vmoat::binding
