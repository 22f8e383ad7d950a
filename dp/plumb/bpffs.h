// The BPF file system: where maps and links stay while no process of vmoat lives.
#pragma once

#include <string>

#include "base/fd.h"
#include "base/result.h"

namespace vmoat {

/** Mounts bpffs at /sys/fs/bpf if nothing of that kind is there, and makes the directory (0700) with its
 * parents. */
Status ensure_pin_directory(const std::string& path);
/** The object pinned there (BPF_OBJ_GET); the Error carries ENOENT where there is none. */
Result<Fd> open_pin(const std::string& path);
Status pin(int fd, const std::string& path);
/** Removes a file or directory with everything below it. Nothing there is success. */
Status remove_tree(const std::string& path);

}  // namespace vmoat
