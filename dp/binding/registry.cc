// The names behind the numbers of bulk records.
#include "binding/exports.h"
#include "engine/dataplane.h"

namespace vmoat::binding {
namespace {

Napi::Array names(Napi::Env env, Names which) {
  Napi::Array list = Napi::Array::New(env);
  for (std::string_view name : Dataplane::names(which)) list.Set(list.Length(), text(env, name));
  return list;
}

}  // namespace

void export_registry(Napi::Env env, Napi::Object exports) {
  Napi::Object registry = Napi::Object::New(env);
  registry.Set("applications", names(env, Names::applications));
  registry.Set("facts", names(env, Names::facts));
  registry.Set("anomalies", names(env, Names::anomalies));
  registry.Set("threats", names(env, Names::threats));
  exports.Set("registry", registry);
}

}  // namespace vmoat::binding
