// The compiler's own layout of records.h, for the test that holds the TypeScript decoder against it.
#include "binding/exports.h"
#include "contract/kernel.h"
#include "contract/records.h"
#include "policy/evaluate.h"

namespace vmoat::binding {
namespace {

struct Field {
  const char* name;
  size_t offset;
};
#define FIELD(type, name) {#name, offsetof(type, name)}

constexpr Field flow_record[] = {
    FIELD(FlowRecord, id),
    FIELD(FlowRecord, parent),
    FIELD(FlowRecord, first_ns),
    FIELD(FlowRecord, last_ns),
    FIELD(FlowRecord, packets),
    FIELD(FlowRecord, bytes),
    FIELD(FlowRecord, delta_packets),
    FIELD(FlowRecord, delta_bytes),
    FIELD(FlowRecord, anomalies),
    FIELD(FlowRecord, threats),
    FIELD(FlowRecord, src),
    FIELD(FlowRecord, dst),
    FIELD(FlowRecord, src_mac),
    FIELD(FlowRecord, dst_mac),
    FIELD(FlowRecord, sport),
    FIELD(FlowRecord, dport),
    FIELD(FlowRecord, src_slot),
    FIELD(FlowRecord, dst_slot),
    FIELD(FlowRecord, tags),
    FIELD(FlowRecord, layers),
    FIELD(FlowRecord, segment),
    FIELD(FlowRecord, rule),
    FIELD(FlowRecord, facts_at),
    FIELD(FlowRecord, facts_length),
    FIELD(FlowRecord, retransmissions),
    FIELD(FlowRecord, tunnel),
    FIELD(FlowRecord, proto),
    FIELD(FlowRecord, family),
    FIELD(FlowRecord, confidence),
    FIELD(FlowRecord, direction),
    FIELD(FlowRecord, end),
    FIELD(FlowRecord, verdict),
    FIELD(FlowRecord, enforced),
    FIELD(FlowRecord, decided_by),
    FIELD(FlowRecord, flags),
};
constexpr Field tunnel_layer[] = {FIELD(TunnelLayer, id), FIELD(TunnelLayer, kind)};
constexpr Field flow_batch_header[] = {
    FIELD(FlowBatchHeader, record_size),
    FIELD(FlowBatchHeader, count),
    FIELD(FlowBatchHeader, facts_bytes),
    FIELD(FlowBatchHeader, number),
};
constexpr Field address_record[] = {
    FIELD(AddressRecord, address), FIELD(AddressRecord, mac),    FIELD(AddressRecord, slot),
    FIELD(AddressRecord, segment), FIELD(AddressRecord, source), FIELD(AddressRecord, gone),
    FIELD(AddressRecord, seen_ns),
};
constexpr Field name_record[] = {
    FIELD(NameRecord, address),  FIELD(NameRecord, server),  FIELD(NameRecord, seen_ns),
    FIELD(NameRecord, until_ns), FIELD(NameRecord, segment), FIELD(NameRecord, ttl_s),
    FIELD(NameRecord, slot),     FIELD(NameRecord, gone),    FIELD(NameRecord, name_length),
    FIELD(NameRecord, name),
};
constexpr Field threat_record[] = {
    FIELD(ThreatRecord, id),       FIELD(ThreatRecord, flow),
    FIELD(ThreatRecord, first_ns), FIELD(ThreatRecord, last_ns),
    FIELD(ThreatRecord, count),    FIELD(ThreatRecord, src),
    FIELD(ThreatRecord, dst),      FIELD(ThreatRecord, segment),
    FIELD(ThreatRecord, slot),     FIELD(ThreatRecord, sport),
    FIELD(ThreatRecord, dport),    FIELD(ThreatRecord, proto),
    FIELD(ThreatRecord, family),   FIELD(ThreatRecord, threat),
    FIELD(ThreatRecord, from_nic), FIELD(ThreatRecord, evidence_length),
    FIELD(ThreatRecord, evidence),
};
constexpr Field question[] = {
    FIELD(Question, from),
    FIELD(Question, to),
    FIELD(Question, layers),
    FIELD(Question, port),
    FIELD(Question, client_port),
    FIELD(Question, proto),
    FIELD(Question, confidence),
    FIELD(Question, application_final),
    FIELD(Question, direction_inferred),
    FIELD(Question, application_by_port),
};
constexpr Field decision[] = {
    FIELD(Decision, rule),       FIELD(Decision, verdict),  FIELD(Decision, decided_by),
    FIELD(Decision, from_mode),  FIELD(Decision, to_mode),  FIELD(Decision, violation),
    FIELD(Decision, final),      FIELD(Decision, reversed), FIELD(Decision, by_port),
    FIELD(Decision, continuous),
};

template <size_t count>
Napi::Object layout(Napi::Env env, size_t size, const Field (&fields)[count]) {
  Napi::Object offsets = Napi::Object::New(env);
  for (const Field& field : fields)
    offsets.Set(field.name, Napi::Number::New(env, static_cast<double>(field.offset)));
  Napi::Object result = Napi::Object::New(env);
  result.Set("size", Napi::Number::New(env, static_cast<double>(size)));
  result.Set("offsets", offsets);
  return result;
}

}  // namespace

void export_record_layout(Napi::Env env, Napi::Object exports) {
  Napi::Object layouts = Napi::Object::New(env);
  layouts.Set("FlowRecord", layout(env, sizeof(FlowRecord), flow_record));
  layouts.Set("TunnelLayer", layout(env, sizeof(TunnelLayer), tunnel_layer));
  layouts.Set("FlowBatchHeader", layout(env, sizeof(FlowBatchHeader), flow_batch_header));
  layouts.Set("AddressRecord", layout(env, sizeof(AddressRecord), address_record));
  layouts.Set("NameRecord", layout(env, sizeof(NameRecord), name_record));
  layouts.Set("ThreatRecord", layout(env, sizeof(ThreatRecord), threat_record));
  layouts.Set("Question", layout(env, sizeof(Question), question));
  layouts.Set("Decision", layout(env, sizeof(Decision), decision));
  exports.Set("recordLayout", layouts);
  exports.Set("kernelLayout", Napi::Number::New(env, VMOAT_LAYOUT));
}

}  // namespace vmoat::binding
