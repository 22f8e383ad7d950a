// The addon's table of contents: what JavaScript finds in vmoat.node.
#include "binding/exports.h"

namespace vmoat::binding {
namespace {

Napi::Object initialise(Napi::Env env, Napi::Object exports) {
  export_registry(env, exports);
  export_record_layout(env, exports);
  export_offline(env, exports);
  export_policy(env, exports);
  export_fallback(env, exports);
  export_dataplane(env, exports);
  export_panic(env, exports);
  export_systemd(env, exports);
  export_peer(env, exports);
  export_privileges(env, exports);
  export_lock(env, exports);
  return exports;
}

}  // namespace
}  // namespace vmoat::binding

static Napi::Object init_vmoat(Napi::Env env, Napi::Object exports) {
  return vmoat::binding::initialise(env, exports);
}
NODE_API_MODULE(vmoat, init_vmoat)
