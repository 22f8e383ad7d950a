// class Policy: a compiled policy and its evaluator; needs no rights.
//   new Policy(tables, applications: string[], former?: Policy) — throws an Error with `field`
//   generation(), identityOf(groups), identityOfNic(tap), identityOfEnd(segment, address, names),
//   groups(identity) evaluate(questions: Uint8Array, decisions: Uint8Array): number, explain(question:
//   Uint8Array)
#include <algorithm>
#include <map>
#include <optional>

#include "apps/application.h"
#include "base/address_text.h"
#include "binding/exports.h"
#include "binding/policy_tables.h"
#include "policy/explain.h"

namespace vmoat::binding {
namespace {

/** `field: what`, taken apart. */
void raise_field(Napi::Env env, const Error& error) {
  const size_t colon = error.what.find(": ");
  const std::string field = colon == std::string::npos ? "" : error.what.substr(0, colon);
  Napi::Error thrown =
      Napi::Error::New(env, colon == std::string::npos ? error.what : error.what.substr(colon + 2));
  thrown.Set("field", field);
  thrown.ThrowAsJavaScriptException();
}

using Numbers = std::map<std::string, uint16_t, std::less<>>;

Numbers application_numbers(const Napi::Array& names) {
  Numbers numbers;
  const uint32_t count = std::min(names.Length(), 65'536u);
  for (uint32_t i = 1; i < count; i++)
    if (const Napi::Value name = names.Get(i); name.IsString())
      numbers.emplace(name.As<Napi::String>().Utf8Value(), static_cast<uint16_t>(i));
  return numbers;
}

std::vector<uint32_t> numbers_of(const Napi::Value& value) {
  std::vector<uint32_t> numbers;
  if (!value.IsArray()) return numbers;
  const auto list = value.As<Napi::Array>();
  const auto count = static_cast<uint32_t>(std::min<size_t>(list.Length(), policy_limits::groups));
  numbers.reserve(count);
  for (uint32_t i = 0; i < count; i++)
    if (const Napi::Value number = list.Get(i); number.IsNumber())
      numbers.push_back(number.As<Napi::Number>().Uint32Value());
  return numbers;
}

Napi::Array array_of(Napi::Env env, const std::vector<uint32_t>& numbers) {
  Napi::Array list = Napi::Array::New(env, numbers.size());
  for (uint32_t i = 0; i < numbers.size(); i++) list.Set(i, number(env, numbers[i]));
  return list;
}

std::optional<Address> address_of(const std::string& text) {
  const AddressOfText read = read_address(text);
  if (read.size == 0) return std::nullopt;
  return read.size == 4 ? Address::v4(read.bytes.data()) : Address::v6(read.bytes.data());
}

/** A question out of bytes that may be anything: no bool is neither true nor false, no enum beyond its names.
 */
Question question_at(const uint8_t* bytes) {
  std::array<uint8_t, sizeof(Question)> copy;
  std::copy_n(bytes, copy.size(), copy.begin());
  uint8_t& confidence = copy[offsetof(Question, confidence)];
  confidence = std::min(confidence, static_cast<uint8_t>(Confidence::sure));
  for (const size_t flag : {offsetof(Question, application_final), offsetof(Question, direction_inferred),
                            offsetof(Question, application_by_port)})
    copy[flag] = copy[flag] != 0;
  return std::bit_cast<Question>(copy);
}

Napi::Object to_object(Napi::Env env, const EndEvidence& end) {
  Napi::Object result = Napi::Object::New(env);
  result.Set("groups", array_of(env, end.groups));
  result.Set("mode", number(env, static_cast<uint64_t>(end.mode)));
  result.Set("modeGroup", number(env, end.mode_group));
  return result;
}

Napi::Object to_object(Napi::Env env, const Evidence& evidence) {
  Napi::Array rules = Napi::Array::New(env, evidence.rules.size());
  for (uint32_t i = 0; i < evidence.rules.size(); i++) {
    Napi::Object rule = Napi::Object::New(env);
    rule.Set("number", number(env, evidence.rules[i].number));
    rule.Set("match", number(env, static_cast<uint64_t>(evidence.rules[i].match)));
    rules.Set(i, rule);
  }
  auto decision = Napi::Uint8Array::New(env, sizeof(Decision));
  std::memcpy(decision.Data(), &evidence.decision, sizeof(Decision));
  Napi::Object result = Napi::Object::New(env);
  result.Set("from", to_object(env, evidence.from));
  result.Set("to", to_object(env, evidence.to));
  result.Set("rules", rules);
  result.Set("rulesLeftOut", number(env, evidence.rules_left_out));
  result.Set("decision", decision);
  return result;
}

bool is_bytes(const Napi::Value& value) {
  return value.IsTypedArray() && value.As<Napi::TypedArray>().TypedArrayType() == napi_uint8_array;
}

class PolicyObject : public Napi::ObjectWrap<PolicyObject> {
 public:
  static void define(Napi::Env env, Napi::Object exports) {
    exports.Set("Policy", DefineClass(env, "Policy",
                                      {InstanceMethod<&PolicyObject::generation>("generation"),
                                       InstanceMethod<&PolicyObject::identity_of>("identityOf"),
                                       InstanceMethod<&PolicyObject::identity_of_nic>("identityOfNic"),
                                       InstanceMethod<&PolicyObject::identity_of_end>("identityOfEnd"),
                                       InstanceMethod<&PolicyObject::groups>("groups"),
                                       InstanceMethod<&PolicyObject::evaluate>("evaluate"),
                                       InstanceMethod<&PolicyObject::explain>("explain")}));
  }

  explicit PolicyObject(const Napi::CallbackInfo& info) : ObjectWrap(info) {
    if (!info[1].IsArray()) {
      raise_type(info.Env(), "new Policy(tables, applications: string[], former?)");
    } else if (Status status = compile(info); !status) {
      raise_field(info.Env(), status.error());
    }
  }

 private:
  Status compile(const Napi::CallbackInfo& info) {
    Result<PolicyTables> tables = policy_tables(info[0]);
    if (!tables) return std::move(tables.error());
    const Numbers numbers = application_numbers(info[1].As<Napi::Array>());
    const auto number_of = [&](std::string_view name) {
      const auto found = numbers.find(name);
      return found == numbers.end() ? uint16_t{0} : found->second;
    };
    if (PolicyObject* former = former_of(info)) identities_ = former->identities_;
    auto policy = Policy::compile(*tables, number_of, identities_, is_read_to_its_end);
    if (!policy) return std::move(policy.error());
    evaluator_.emplace(std::move(*policy));
    return success();
  }

  static PolicyObject* former_of(const Napi::CallbackInfo& info) {
    if (!info[2].IsObject()) return nullptr;
    const auto object = info[2].As<Napi::Object>();
    return object.InstanceOf(info.NewTarget().As<Napi::Function>()) ? Unwrap(object) : nullptr;
  }
  [[nodiscard]] const Policy& policy() const { return evaluator_->policy(); }

  Napi::Value generation(const Napi::CallbackInfo& info) { return number(info.Env(), policy().generation()); }
  Napi::Value identity_of(const Napi::CallbackInfo& info) {
    return number(info.Env(), policy().of(numbers_of(info[0])));
  }
  Napi::Value identity_of_nic(const Napi::CallbackInfo& info) {
    return number(info.Env(), policy().nic(info[0].ToString().Utf8Value()));
  }
  Napi::Value identity_of_end(const Napi::CallbackInfo& info) {
    const auto address = address_of(info[1].ToString().Utf8Value());
    if (!info[0].IsNumber() || !address || !info[2].IsArray())
      return raise_type(info.Env(), "identityOfEnd(segment, address, names)"), Napi::Value();
    const auto list = info[2].As<Napi::Array>();
    std::vector<std::string> names;
    for (uint32_t i = 0; i < std::min(list.Length(), 64u); i++)
      names.push_back(list.Get(i).ToString().Utf8Value());
    const std::vector<std::string_view> views(names.begin(), names.end());
    return number(info.Env(), policy().end(info[0].As<Napi::Number>().Uint32Value(), *address, views));
  }
  Napi::Value groups(const Napi::CallbackInfo& info) {
    const IdentityGroups* known =
        info[0].IsNumber() ? policy().groups_of(info[0].As<Napi::Number>().Uint32Value()) : nullptr;
    return array_of(info.Env(), known ? known->groups : std::vector<uint32_t>());
  }

  Napi::Value evaluate(const Napi::CallbackInfo& info) {
    if (!is_bytes(info[0]) || !is_bytes(info[1]))
      return raise_type(info.Env(), "evaluate(questions: Uint8Array, decisions: Uint8Array)"), Napi::Value();
    const auto questions = info[0].As<Napi::Uint8Array>();
    auto decisions = info[1].As<Napi::Uint8Array>();
    const size_t count =
        std::min(questions.ByteLength() / sizeof(Question), decisions.ByteLength() / sizeof(Decision));
    std::array<Question, 1024> asked;
    std::array<Decision, 1024> answered;
    for (size_t done = 0; done < count;) {
      const size_t now = std::min(count - done, asked.size());
      for (size_t i = 0; i < now; i++)
        asked[i] = question_at(questions.Data() + (done + i) * sizeof(Question));
      evaluator_->evaluate(std::span(asked).first(now), answered);
      std::memcpy(decisions.Data() + done * sizeof(Decision), answered.data(), now * sizeof(Decision));
      done += now;
    }
    return number(info.Env(), count);
  }

  Napi::Value explain(const Napi::CallbackInfo& info) {
    if (!is_bytes(info[0]) || info[0].As<Napi::Uint8Array>().ByteLength() < sizeof(Question))
      return raise_type(info.Env(), "explain(question: Uint8Array)"), Napi::Value();
    return to_object(info.Env(),
                     vmoat::explain(*evaluator_, question_at(info[0].As<Napi::Uint8Array>().Data())));
  }

  std::shared_ptr<IdentityTable> identities_ = std::make_shared<IdentityTable>();
  std::optional<Evaluator> evaluator_;  // absent only where the constructor threw
};

}  // namespace

void export_policy(Napi::Env env, Napi::Object exports) {
  PolicyObject::define(env, exports);
}

}  // namespace vmoat::binding
