// The BPF file system.
#include "plumb/bpffs.h"

#include <bpf/bpf.h>
#include <linux/magic.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include <filesystem>

namespace vmoat {
namespace {

constexpr const char* mount_point = "/sys/fs/bpf";

bool is_bpffs(const char* path) {
  struct statfs info;
  return ::statfs(path, &info) == 0 && info.f_type == BPF_FS_MAGIC;
}

}  // namespace

Status ensure_pin_directory(const std::string& path) {
  if (!is_bpffs(mount_point) &&
      ::mount("bpf", mount_point, "bpf", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=700") != 0)
    return system_error("mount bpffs on /sys/fs/bpf");
  for (size_t end = path.find('/', 1);; end = path.find('/', end + 1)) {
    if (::mkdir(path.substr(0, end).c_str(), 0700) != 0 && errno != EEXIST)
      return system_error("make " + path.substr(0, end));
    if (end == std::string::npos) break;
  }
  if (!is_bpffs(path.c_str())) return Error{path + " is not on a BPF file system", EINVAL};
  return success();
}

Result<Fd> open_pin(const std::string& path) {
  const int fd = bpf_obj_get(path.c_str());
  if (fd < 0) return system_error("open pin " + path);
  return Fd(fd);
}

Status pin(int fd, const std::string& path) {
  if (bpf_obj_pin(fd, path.c_str()) != 0) return system_error("pin " + path);
  return success();
}

Status remove_tree(const std::string& path) {
  std::error_code failed;
  std::filesystem::remove_all(path, failed);
  if (failed) return Error{"remove " + path + ": " + failed.message(), failed.value()};
  return success();
}

}  // namespace vmoat
