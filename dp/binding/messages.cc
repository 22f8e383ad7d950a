// Field by field: the names on the left are those of protocol.ts.
#include "binding/messages.h"

#include <cinttypes>
#include <cstdio>
#include <ctime>

namespace vmoat::binding {
namespace {

Napi::Array pair(Napi::Env env, const uint64_t (&values)[2]) {
  Napi::Array result = Napi::Array::New(env, 2);
  for (uint32_t i = 0; i < 2; i++) result.Set(i, number(env, values[i]));
  return result;
}

/** RFC 3339 in UTC, to the millisecond. */
std::string time_text(int64_t ns) {
  const time_t seconds = ns / 1'000'000'000;
  tm parts{};
  gmtime_r(&seconds, &parts);
  char text[40];
  const size_t length = strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &parts);
  snprintf(text + length, sizeof(text) - length, ".%03" PRId64 "Z", ns / 1'000'000 % 1000);
  return text;
}

Napi::Object to_object(Napi::Env env, const Losses& lost) {
  return counts(env, {{"ring", lost.ring},
                      {"budget", lost.budget},
                      {"table", lost.table},
                      {"quota", lost.quota},
                      {"read", lost.read}});
}

/** Causes by enum vmoat_guarded, those of the engine behind them: GUARDED_CAUSES of protocol.ts. */
Napi::Object guarded_frames(Napi::Env env, const NicProtection& p) {
  static constexpr const char* causes[VMOAT_GUARDED] = {
      "held",      "denied",  "no-flow",    "no-key",       "failed-open", "failed-closed", "no-budget",
      "no-policy", "spoofed", "not-served", "bad-fragment", "panicked",    "cached",        "handshake"};
  Napi::Object result = Napi::Object::New(env);
  const auto put = [&](const char* cause, uint64_t from_nic, uint64_t to_nic) {
    const uint64_t counts[2] = {from_nic, to_nic};
    if (from_nic != 0 || to_nic != 0) result.Set(cause, pair(env, counts));
  };
  for (size_t i = 0; i < VMOAT_GUARDED; i++)
    put(causes[i], p.frames[VMOAT_FROM_NIC][i], p.frames[VMOAT_TO_NIC][i]);
  put("opening", p.opening[VMOAT_FROM_NIC], p.opening[VMOAT_TO_NIC]);
  put("refused", p.refused[VMOAT_FROM_NIC], p.refused[VMOAT_TO_NIC]);
  return result;
}

Napi::Object to_object(Napi::Env env, const NicProtection& p) {
  static constexpr const char* states[] = {"off", "waiting", "inline"};
  Napi::Object result = Napi::Object::New(env);
  result.Set("state", states[static_cast<size_t>(p.state)]);
  result.Set("enforcer", p.enforcer.empty() ? env.Null() : text(env, p.enforcer));
  result.Set("reason", p.reason);
  result.Set("failPolicy", p.fails_closed ? "closed" : "open");
  result.Set("frames", guarded_frames(env, p));
  return result;
}

Napi::Object to_object(Napi::Env env, const TappedNic& nic) {
  Napi::Object result = Napi::Object::New(env);
  result.Set("slot", number(env, nic.slot));
  result.Set("ifindex", number(env, nic.ifindex));
  result.Set("tap", nic.tap);
  result.Set("mac", nic.mac);
  result.Set("netns", nic.netns);
  result.Set("segment", number(env, nic.segment));
  result.Set("hook", text(env, nic.hook));
  result.Set("reason", nic.reason);
  result.Set("since", time_text(nic.since_ns));
  result.Set("packets", pair(env, nic.packets));
  result.Set("bytes", pair(env, nic.bytes));
  result.Set("lost", to_object(env, nic.lost));
  result.Set("protection", to_object(env, nic.protection));
  return result;
}

Napi::Object to_object(Napi::Env env, const LinkInfo& link) {
  Napi::Array addresses = Napi::Array::New(env);
  for (const std::string& address : link.addresses) addresses.Set(addresses.Length(), address);
  Napi::Object result = Napi::Object::New(env);
  result.Set("ifindex", number(env, link.ifindex));
  result.Set("name", link.name);
  result.Set("netns", link.netns);
  result.Set("kind", link.kind);
  result.Set("mac", link.mac);
  result.Set("mtu", number(env, link.mtu));
  result.Set("up", link.up);
  result.Set("master", number(env, link.master));
  result.Set("lower", number(env, link.lower));
  result.Set("id", number(env, link.id));
  result.Set("addresses", addresses);
  return result;
}

Napi::Object to_object(Napi::Env env, const SegmentInfo& segment) {
  Napi::Object result = Napi::Object::New(env);
  result.Set("segment", number(env, segment.segment));
  result.Set("netns", segment.netns);
  result.Set("link", segment.link);
  result.Set("ifindex", number(env, segment.ifindex));
  result.Set("vlan", number(env, segment.vlan));
  return result;
}

template <class Row>
Napi::Object table_object(Napi::Env env, const Table<Row>& table, const char* name) {
  Napi::Array rows = Napi::Array::New(env, table.rows.size());
  for (uint32_t i = 0; i < table.rows.size(); i++) rows.Set(i, to_object(env, table.rows[i]));
  Napi::Object result = Napi::Object::New(env);
  result.Set("generation", number(env, table.generation));
  result.Set(name, rows);
  return result;
}

Napi::Array workers(Napi::Env env, const std::vector<WorkerStatus>& list) {
  Napi::Array result = Napi::Array::New(env, list.size());
  for (uint32_t i = 0; i < list.size(); i++) {
    Napi::Object worker = Napi::Object::New(env);
    worker.Set("worker", number(env, list[i].worker));
    worker.Set("events", number(env, list[i].events));
    worker.Set("heartbeatAgeMs", Napi::Number::New(env, static_cast<double>(list[i].heartbeat_age_ms)));
    result.Set(i, worker);
  }
  return result;
}

Napi::Object flows(Napi::Env env, const DataplaneStatus& status) {
  return counts(env, {{"kernel", status.kernel_flows},
                      {"kernelMax", status.kernel_flows_max},
                      {"sessions", status.sessions},
                      {"sessionsMax", status.sessions_max},
                      {"pickedUp", status.picked_up}});
}

Napi::Value panic(Napi::Env env, int64_t until_ns) {
  if (until_ns == 0) return env.Null();
  Napi::Object result = Napi::Object::New(env);
  result.Set("until", time_text(until_ns));
  return result;
}

Napi::Object to_object(Napi::Env env, const PolicyStatus& policy) {
  Napi::Object result = Napi::Object::New(env);
  result.Set("generation", policy.generation == 0 ? env.Null() : number(env, policy.generation));
  result.Set("compileMs", Napi::Number::New(env, policy.compile_ms));
  result.Set("refused", env.Null());
  if (policy.refused.empty()) return result;
  Napi::Object refused = Napi::Object::New(env);
  refused.Set("generation", number(env, policy.refused_generation));
  refused.Set("reason", policy.refused);
  result.Set("refused", refused);
  return result;
}

Napi::Object counts(Napi::Env env, const std::vector<std::pair<std::string_view, uint64_t>>& list) {
  Napi::Object result = Napi::Object::New(env);
  for (const auto& [name, count] : list) result.Set(text(env, name), number(env, count));
  return result;
}

}  // namespace

Napi::Object to_object(Napi::Env env, const Table<TappedNic>& table) {
  return table_object(env, table, "nics");
}
Napi::Object to_object(Napi::Env env, const Table<LinkInfo>& table) {
  return table_object(env, table, "links");
}
Napi::Object to_object(Napi::Env env, const Table<SegmentInfo>& table) {
  return table_object(env, table, "segments");
}

Napi::Object to_object(Napi::Env env, const DataplaneStatus& status, uint64_t lost_records) {
  Napi::Object lost = to_object(env, status.lost);
  lost.Set("sessions", number(env, status.lost_sessions));
  lost.Set("fallback", number(env, status.lost_fallback));
  lost.Set("names", number(env, status.lost_names));
  lost.Set("threats", number(env, status.lost_threats));
  lost.Set("held", number(env, status.lost_held));
  lost.Set("records", number(env, lost_records));
  Napi::Object result = Napi::Object::New(env);
  result.Set("workers", workers(env, status.workers));
  result.Set("flows", flows(env, status));
  result.Set("enforces", status.enforces);
  result.Set("panic", panic(env, status.panic_until_ns));
  Napi::Object waited = Napi::Object::New(env);
  waited.Set("nics", number(env, status.adopted_nics));
  waited.Set("sumMs", status.tap_to_policy_sum_ms);
  waited.Set("maxMs", status.tap_to_policy_max_ms);
  result.Set("tapToPolicy", waited);
  result.Set("policy", to_object(env, status.policy));
  result.Set("frames", number(env, status.frames));
  result.Set("records", number(env, status.records));
  result.Set("retold", number(env, status.retold));
  result.Set("lost", lost);
  result.Set("anomalies", counts(env, status.anomalies));
  result.Set("threats", counts(env, status.threats));
  return result;
}

Napi::Object to_object(Napi::Env env, const LogLine& line) {
  Napi::Object result = Napi::Object::New(env);
  result.Set("level", line.level);
  result.Set("text", line.text);
  return result;
}

Napi::Value to_object(Napi::Env env, const std::vector<uint8_t>& body) {
  return Napi::Buffer<uint8_t>::Copy(env, body.data(), body.size());
}

}  // namespace vmoat::binding
