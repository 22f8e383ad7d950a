// The operator's applications, field by field; what is missing or of another kind is an error by name.
#include "binding/operator_applications.h"

namespace vmoat::binding {
namespace {

constexpr uint32_t list_max = 1024;  // of anything: what is more is refused before it is read

uint8_t transport_of(const std::string& name) {
  if (name == "tcp") return over_tcp;
  if (name == "udp") return over_udp;
  return name == "sctp" ? over_sctp : uint8_t{0};
}

template <class Each>
void each(const Napi::Object& object, const char* key, Each take) {
  const Napi::Value value = object.Get(key);
  if (!value.IsArray()) return;
  const auto list = value.As<Napi::Array>();
  for (uint32_t i = 0; i < std::min(list.Length(), list_max); i++) take(list.Get(i));
}

uint16_t number(const Napi::Value& value) {
  return value.IsNumber() ? static_cast<uint16_t>(value.As<Napi::Number>().Uint32Value()) : uint16_t{0};
}

Status read_patterns(const Napi::Object& object, const char* side, std::vector<BytePattern>& patterns) {
  Status status = success();
  each(object, side, [&](const Napi::Value& entry) {
    if (!entry.IsObject() || !status) return;
    const auto pattern = entry.As<Napi::Object>();
    Result<BytePattern> read =
        read_pattern(pattern.Get("hex").ToString().Utf8Value(), number(pattern.Get("within")));
    if (!read) {
      status = std::move(read.error());
      return;
    }
    patterns.push_back(std::move(*read));
  });
  return status;
}

Result<OperatorApplication> read_one(const Napi::Object& object) {
  OperatorApplication application;
  application.name = object.Get("name").ToString().Utf8Value();
  each(object, "transports", [&](const Napi::Value& name) {
    application.transports =
        static_cast<uint8_t>(application.transports | transport_of(name.ToString().Utf8Value()));
  });
  each(object, "ports", [&](const Napi::Value& port) { application.ports.push_back(number(port)); });
  for (const auto& [side, patterns] :
       {std::pair{"client", &application.client}, std::pair{"server", &application.server}})
    if (Status status = read_patterns(object, side, *patterns); !status)
      return std::move(status.error()).in(application.name);
  return application;
}

}  // namespace

Result<std::shared_ptr<const OperatorApplications>> operator_applications(const Napi::Value& given) {
  std::vector<OperatorApplication> all;
  if (!given.IsArray()) return std::shared_ptr<const OperatorApplications>{};
  const auto list = given.As<Napi::Array>();
  for (uint32_t i = 0; i < std::min(list.Length(), list_max); i++) {
    if (!list.Get(i).IsObject()) continue;
    Result<OperatorApplication> one = read_one(list.Get(i).As<Napi::Object>());
    if (!one) return std::move(one.error());
    all.push_back(std::move(*one));
  }
  if (all.empty()) return std::shared_ptr<const OperatorApplications>{};
  Result<OperatorApplications> made = OperatorApplications::make(std::move(all));
  if (!made) return std::move(made.error());
  return std::make_shared<const OperatorApplications>(std::move(*made));
}

}  // namespace vmoat::binding
