// An exclusive lock on a directory: one vmoat-dp at a time owns a pin root. It ends with the process.
#include <fcntl.h>
#include <sys/file.h>

#include "base/fd.h"
#include "binding/exports.h"

namespace vmoat::binding {
namespace {

/** True: locked until this process ends. False: somebody else holds it. */
Result<bool> lock(const std::string& path) {
  Fd directory(open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory) return system_error("open " + path);
  if (flock(directory.get(), LOCK_EX | LOCK_NB) == 0) {
    // Kept open on purpose: the lock lives as long as the process.
    [[maybe_unused]] int kept = fcntl(directory.get(), F_DUPFD_CLOEXEC, 3);
    return true;
  }
  if (errno == EWOULDBLOCK) return false;
  return system_error("flock " + path);
}

/** lockDirectory(path: string): boolean — false where another process holds it; throws where there is no
 * path. */
Napi::Value lock_directory(const Napi::CallbackInfo& info) {
  if (!info[0].IsString()) {
    raise_type(info.Env(), "lockDirectory(path: string)");
    return {};
  }
  Result<bool> locked = lock(info[0].As<Napi::String>().Utf8Value());
  if (!locked) {
    raise(info.Env(), locked.error());
    return {};
  }
  return Napi::Boolean::New(info.Env(), *locked);
}

}  // namespace

void export_lock(Napi::Env env, Napi::Object exports) {
  exports.Set("lockDirectory", Napi::Function::New(env, lock_directory, "lockDirectory"));
}

}  // namespace vmoat::binding
