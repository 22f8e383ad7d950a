// Reads the engine's settings key by key; the tables below are all the keys there are. Times are whole
// seconds.
#include "binding/engine_config.h"

namespace vmoat::binding {
namespace {

struct TimeoutKey {
  const char* name;
  uint16_t Timeouts::* member;
};
constexpr TimeoutKey timeout_keys[] = {
    {"tcpHalfOpenTimeout", &Timeouts::tcp_half_open_s},
    {"tcpEstablishedTimeout", &Timeouts::tcp_established_s},
    {"tcpClosingTimeout", &Timeouts::tcp_closing_s},
    {"tcpClosedTimeout", &Timeouts::tcp_closed_s},
    {"unansweredTimeout", &Timeouts::unanswered_s},
    {"udpTimeout", &Timeouts::udp_s},
    {"icmpTimeout", &Timeouts::icmp_s},
    {"otherTimeout", &Timeouts::other_s},
};
constexpr uint32_t timeout_max_s = 16'000;
constexpr uint32_t fragment_bytes_min = 1u << 16, fragment_bytes_max = 1u << 30;

struct PortsKey {
  const char* name;
  TunnelPorts::List TunnelPorts::* member;
};
constexpr PortsKey ports_keys[] = {{"vxlanPorts", &TunnelPorts::vxlan},
                                   {"genevePorts", &TunnelPorts::geneve},
                                   {"gtpPorts", &TunnelPorts::gtp}};

template <class Number>
Status set_number(const Napi::Object& given, const char* key, uint32_t min, uint32_t max, Number& to) {
  if (!given.Has(key)) return success();
  const Napi::Value value = given.Get(key);
  const double number = value.IsNumber() ? value.As<Napi::Number>().DoubleValue() : -1;
  if (!(number >= min && number <= max))
    return Error{std::string(key) + " is no number from " + std::to_string(min) + " to " +
                 std::to_string(max)};
  to = static_cast<Number>(number);
  return success();
}

Status set_ports(const Napi::Object& given, const PortsKey& key, TunnelPorts& to) {
  if (!given.Has(key.name)) return success();
  const Napi::Value value = given.Get(key.name);
  const auto list = value.IsArray() ? value.As<Napi::Array>() : Napi::Array::New(given.Env());
  TunnelPorts::List& ports = to.*key.member;
  if (!value.IsArray() || list.Length() > ports.size())
    return Error{std::string(key.name) + " is no list of at most " + std::to_string(ports.size()) + " ports"};
  ports = {};
  for (uint32_t i = 0; i < list.Length(); i++) {
    const Napi::Value port = list.Get(i);
    const double number = port.IsNumber() ? port.As<Napi::Number>().DoubleValue() : -1;
    if (!(number >= 1 && number <= 65535)) return Error{std::string(key.name) + " has ports from 1 to 65535"};
    ports[i] = static_cast<uint16_t>(number);
  }
  return success();
}

Status set_overlap(const Napi::Object& given, FragmentOptions& to) {
  if (!given.Has("fragmentOverlap")) return success();
  const std::string policy = given.Get("fragmentOverlap").ToString().Utf8Value();
  if (policy != "first" && policy != "drop") return Error{"fragmentOverlap is first or drop, not " + policy};
  to.overlap = policy == "drop" ? Overlap::drop : Overlap::first;
  return success();
}

}  // namespace

Result<EngineConfig> engine_config(const Napi::Object& given) {
  EngineConfig config;
  std::vector<Status> steps;
  for (const TimeoutKey& key : timeout_keys)
    steps.push_back(set_number(given, key.name, 1, timeout_max_s, config.timeouts.*key.member));
  FragmentOptions& f = config.fragments;
  steps.push_back(set_number(given, "fragmentTimeout", 1, timeout_max_s, f.timeout_s));
  steps.push_back(set_number(given, "fragmentsPerSourceMax", 1, 8192, f.per_source_max));
  steps.push_back(set_number(given, "fragmentBytesMax", fragment_bytes_min, fragment_bytes_max, f.bytes_max));
  steps.push_back(set_overlap(given, f));
  for (const PortsKey& key : ports_keys) steps.push_back(set_ports(given, key, config.tunnel_ports));
  for (Status& step : steps)
    if (!step) return std::move(step.error());
  return config;
}

}  // namespace vmoat::binding
