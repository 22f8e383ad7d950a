// Who is at the other end of a Unix socket: SO_PEERCRED, see unix(7).
#include <sys/socket.h>

#include "binding/exports.h"

namespace vmoat::binding {
namespace {

/** peerCredentials(fd: number): {pid, uid, gid} as they were at connect; throws where fd is no such socket.
 */
Napi::Value peer_credentials(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  if (!info[0].IsNumber()) {
    raise_type(env, "peerCredentials(fd: number)");
    return {};
  }
  ucred peer{};
  socklen_t length = sizeof(peer);
  if (getsockopt(info[0].As<Napi::Number>().Int32Value(), SOL_SOCKET, SO_PEERCRED, &peer, &length) != 0) {
    raise(env, system_error("SO_PEERCRED"));
    return {};
  }
  Napi::Object result = Napi::Object::New(env);
  result.Set("pid", Napi::Number::New(env, peer.pid));
  result.Set("uid", Napi::Number::New(env, peer.uid));
  result.Set("gid", Napi::Number::New(env, peer.gid));
  return result;
}

}  // namespace

void export_peer(Napi::Env env, Napi::Object exports) {
  exports.Set("peerCredentials", Napi::Function::New(env, peer_credentials, "peerCredentials"));
}

}  // namespace vmoat::binding
