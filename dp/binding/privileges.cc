// Gives up every capability that vmoat-dp does not need, for all threads and for good: the bounding set
// is cut and the process starts itself anew, as a running process can cut the calling thread only.
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <array>
#include <string>
#include <vector>

#include "binding/exports.h"

namespace vmoat::binding {
namespace {

constexpr std::array kept = {CAP_NET_ADMIN, CAP_NET_RAW, CAP_BPF, CAP_PERFMON, CAP_SYS_ADMIN, CAP_SYS_PTRACE};

bool is_kept(int capability) {
  for (int wanted : kept)
    if (wanted == capability) return true;
  return false;
}

/** Drops what is not kept from the bounding set; the number dropped. */
Result<int> cut_bounding_set() {
  int dropped = 0;
  for (int capability = 0; prctl(PR_CAPBSET_READ, capability) >= 0; capability++) {
    if (is_kept(capability) || prctl(PR_CAPBSET_READ, capability) == 0) continue;
    if (prctl(PR_CAPBSET_DROP, capability) != 0)
      return system_error("drop capability " + std::to_string(capability));
    dropped++;
  }
  return dropped;
}

std::vector<std::string> strings(const Napi::Array& list) {
  std::vector<std::string> values;
  values.reserve(list.Length());
  for (uint32_t i = 0; i < list.Length(); i++) values.push_back(list.Get(i).ToString().Utf8Value());
  return values;
}

Error start_anew(std::vector<std::string> arguments) {
  std::vector<char*> argv;
  argv.reserve(arguments.size() + 1);
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  // Node marks what it inherited as not to be inherited.
  for (int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) fcntl(fd, F_SETFD, 0);
  execv("/proc/self/exe", argv.data());
  return system_error("exec /proc/self/exe");
}

/**
 * confine(argv: string[], group: number): void — root only. Keeps the bounded set of capabilities and, where
 * group ≥ 0, that one supplementary group (so that a socket can be given to it without CAP_CHOWN). Does not
 * return where anything had to be dropped: the process is then `argv` anew, under the same pid.
 */
void confine(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  if (!info[0].IsArray() || !info[1].IsNumber())
    return raise_type(env, "confine(argv: string[], group: number)");
  if (geteuid() != 0) return;
  prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  const int64_t group = info[1].As<Napi::Number>().Int64Value();
  const auto gid = static_cast<gid_t>(group);
  // Without CAP_SETGID (a systemd unit has cut the set already) the unit's own groups stand.
  if (group >= 0 && prctl(PR_CAPBSET_READ, CAP_SETGID) == 1 && setgroups(1, &gid) != 0)
    return raise(env, system_error("setgroups"));
  // Without CAP_SETPCAP nothing can be cut; whoever took that has chosen the rest.
  if (prctl(PR_CAPBSET_READ, CAP_SETPCAP) != 1) return;
  Result<int> dropped = cut_bounding_set();
  if (!dropped) return raise(env, dropped.error());
  if (*dropped > 0) raise(env, start_anew(strings(info[0].As<Napi::Array>())));
}

}  // namespace

void export_privileges(Napi::Env env, Napi::Object exports) {
  exports.Set("confine", Napi::Function::New(env, confine, "confine"));
}

}  // namespace vmoat::binding
