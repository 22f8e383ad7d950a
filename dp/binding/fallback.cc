// Loads nDPI, and says what it can name.
//   fallbackNames('ndpi'): string[] — throws where the library is not there
#include "binding/fallback.h"

#include "binding/exports.h"

namespace vmoat::binding {

Result<std::shared_ptr<const Ndpi>> fallback(const Napi::Value& given) {
  const std::string name = given.IsUndefined() ? "none" : given.ToString().Utf8Value();
  if (name == "none") return std::shared_ptr<const Ndpi>();
  if (name != "ndpi") return Error{"fallback is none or ndpi, not " + name};
  return Ndpi::load();
}

namespace {

Napi::Value names(const Napi::CallbackInfo& info) {
  auto library = fallback(info[0]);
  if (!library) return raise(info.Env(), library.error()), info.Env().Undefined();
  Napi::Array list = Napi::Array::New(info.Env());
  if (*library != nullptr)
    for (const std::string& name : (*library)->names()) list.Set(list.Length(), name);
  return list;
}

}  // namespace

void export_fallback(Napi::Env env, Napi::Object exports) {
  exports.Set("fallbackNames", Napi::Function::New<names>(env, "fallbackNames"));
}

}  // namespace vmoat::binding
