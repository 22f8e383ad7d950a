// Reads the configuration object key by key; the tables below are all the keys there are.
#include "binding/dataplane_config.h"

#include "binding/engine_config.h"
#include "binding/fallback.h"
#include "binding/operator_applications.h"
#include "binding/policy_tables.h"
#include "engine/enforcer_set.h"

namespace vmoat::binding {
namespace {

struct NumberKey {
  const char* name;
  uint32_t DataplaneConfig::* member;
};
constexpr NumberKey number_keys[] = {
    {"workers", &DataplaneConfig::workers},
    {"flowsMax", &DataplaneConfig::flows_max},
    {"flowsPerNicMax", &DataplaneConfig::flows_per_nic_max},
    {"sessionsMax", &DataplaneConfig::sessions_max},
    {"openingBytes", &DataplaneConfig::opening_bytes},
    {"upcallsPerSecond", &DataplaneConfig::upcalls_per_second},
    {"upcallsBurst", &DataplaneConfig::upcalls_burst},
    {"heldBytesPerNicMax", &DataplaneConfig::held_bytes_per_nic_max},
    {"ringBytes", &DataplaneConfig::ring_bytes},
    {"reportIntervalMs", &DataplaneConfig::report_interval_ms},
};

struct ListKey {
  const char* name;
  std::vector<std::string> DataplaneConfig::* member;
};
constexpr ListKey list_keys[] = {{"names", &DataplaneConfig::names}, {"ignore", &DataplaneConfig::ignore}};

constexpr double uint32_max = 4294967295.0;

Status set_number(DataplaneConfig& config, const NumberKey& key, const Napi::Value& value) {
  const double number = value.IsNumber() ? value.As<Napi::Number>().DoubleValue() : -1;
  if (!(number >= 0 && number <= uint32_max))
    return Error{std::string(key.name) + " is no number from 0 to 4294967295"};
  config.*key.member = static_cast<uint32_t>(number);
  return success();
}

std::vector<std::string> strings(const Napi::Value& value) {
  std::vector<std::string> list;
  if (!value.IsArray()) return list;
  auto array = value.As<Napi::Array>();
  for (uint32_t i = 0; i < array.Length(); i++) list.push_back(array.Get(i).ToString().Utf8Value());
  return list;
}

Result<HookChoice> hook_choice(const std::string& name) {
  if (name == "automatic") return HookChoice::automatic;
  if (name == "tcx") return HookChoice::tcx;
  if (name == "clsact") return HookChoice::clsact;
  return Error{"hook is automatic, tcx or clsact, not " + name};
}

std::string string_of(const Napi::Object& object, const char* key) {
  Napi::Value value = object.Get(key);
  return value.IsString() ? value.As<Napi::String>().Utf8Value() : std::string{};
}

/** {syn-flood: {per-second: 500}} */
Status set_thresholds(ThreatSettings& settings, const Napi::Object& given) {
  const Napi::Array names = given.GetPropertyNames();
  for (uint32_t i = 0; i < names.Length(); i++) {
    const std::string threat = names.Get(i).ToString().Utf8Value();
    const auto values = given.Get(threat).ToObject();
    const Napi::Array keys = values.GetPropertyNames();
    for (uint32_t k = 0; k < keys.Length(); k++) {
      const std::string key = keys.Get(k).ToString().Utf8Value();
      const double value = values.Get(key).ToNumber().DoubleValue();
      if (!(value >= 0)) return Error{key + " is no number"}.in(threat);
      if (Status set = settings.set(threat, key, static_cast<uint64_t>(value)); !set) return set;
    }
  }
  return success();
}

Status set_threats(ThreatSettings& settings, const Napi::Object& given) {
  for (const std::string& name : strings(given.Get("disabled")))
    if (Status disabled = settings.disable(name); !disabled) return disabled;
  const Napi::Value thresholds = given.Get("thresholds");
  return thresholds.IsObject() ? set_thresholds(settings, thresholds.As<Napi::Object>()) : success();
}

/** {policy, nics, segments: {segment, link, vlan}[]} */
Result<KeptOrders> kept_orders(const Napi::Object& given) {
  Result<PolicyTables> policy = policy_tables(given.Get("policy"));
  if (!policy) return std::move(policy.error());
  if (!given.Get("nics").IsArray() || !given.Get("segments").IsArray())
    return Error{"kept has no nics or no segments"};
  KeptOrders kept{.policy = std::move(*policy), .nics = expected_nics(given.Get("nics").As<Napi::Array>())};
  const auto segments = given.Get("segments").As<Napi::Array>();
  for (uint32_t i = 0; i < segments.Length(); i++) {
    const Napi::Object segment = segments.Get(i).ToObject();
    kept.segments.push_back({segment.Get("segment").ToNumber().Uint32Value(), string_of(segment, "link"),
                             static_cast<uint16_t>(segment.Get("vlan").ToNumber().Uint32Value())});
  }
  return kept;
}

}  // namespace

Result<DataplaneConfig> dataplane_config(const Napi::Object& given) {
  DataplaneConfig config;
  for (const NumberKey& key : number_keys) {
    if (!given.Has(key.name)) continue;
    if (Status set = set_number(config, key, given.Get(key.name)); !set) return std::move(set.error());
  }
  for (const ListKey& key : list_keys)
    if (given.Has(key.name)) config.*key.member = strings(given.Get(key.name));
  Result<EngineConfig> engine = engine_config(given);
  if (!engine) return std::move(engine.error());
  config.timeouts = engine->timeouts;
  config.fragments = engine->fragments;
  config.tunnel_ports = engine->tunnel_ports;
  if (given.Has("tapDevices")) config.tap_devices = given.Get("tapDevices").ToBoolean();
  if (given.Has("enforce")) config.enforce = given.Get("enforce").ToBoolean();
  if (given.Has("enforcer")) config.enforcer = string_of(given, "enforcer");
  if (config.enforcer != any_enforcer && !is_enforcer(config.enforcer))
    return Error{"enforcer is automatic, or the name of one, not " + config.enforcer};
  if (given.Has("facts")) config.facts = given.Get("facts").ToBoolean();
  if (given.Has("pinRoot")) config.pin_root = string_of(given, "pinRoot");
  Result<std::shared_ptr<const OperatorApplications>> applications =
      operator_applications(given.Get("applications"));
  if (!applications) return std::move(applications.error());
  config.applications = std::move(*applications);
  auto unknown = fallback(given.Get("fallback"));
  if (!unknown) return std::move(unknown.error());
  config.fallback = std::move(*unknown);
  if (given.Get("threats").IsObject())
    if (Status set = set_threats(config.threats, given.Get("threats").As<Napi::Object>()); !set)
      return std::move(set.error());
  if (given.Get("kept").IsObject()) {
    Result<KeptOrders> kept = kept_orders(given.Get("kept").As<Napi::Object>());
    if (!kept) return std::move(kept.error());
    config.kept = std::move(*kept);
  }
  if (!given.Has("hook")) return config;
  Result<HookChoice> hook = hook_choice(string_of(given, "hook"));
  if (!hook) return std::move(hook.error());
  config.hook = *hook;
  return config;
}

std::vector<ExpectedNic> expected_nics(const Napi::Array& given) {
  std::vector<ExpectedNic> nics;
  for (uint32_t i = 0; i < given.Length(); i++) {
    Napi::Value entry = given.Get(i);
    if (!entry.IsObject()) continue;
    auto nic = entry.As<Napi::Object>();
    nics.push_back({string_of(nic, "tap"), string_of(nic, "mac"), nic.Get("bandwidth").ToBoolean(),
                    nic.Get("filtered").ToBoolean()});
  }
  return nics;
}

}  // namespace vmoat::binding
