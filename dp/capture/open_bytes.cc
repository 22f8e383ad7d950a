// open_bytes: looks at a file's kind and first bytes and chooses how to read it.
#include <fcntl.h>
#include <sys/stat.h>

#include "capture/gzip_source.h"

namespace vmoat {

namespace {

/**
 * A file as it is, or a pipe. Not mapped: reading into a buffer that stays in the cache is quicker than page
 * tables, and a file that is cut meanwhile is a short read, not a signal.
 */
class ReadSource final : public BufferedSource {
 public:
  ReadSource(Fd fd, uint64_t size) : fd_(std::move(fd)), size_(size) {}
  [[nodiscard]] uint64_t size() const override { return size_; }

 protected:
  size_t fill(uint8_t* to, size_t room) override {
    ssize_t got;
    do {
      got = ::read(fd_.get(), to, room);
    } while (got < 0 && errno == EINTR);
    if (got < 0) failure_ = system_error("read").what;
    return got < 0 ? 0 : static_cast<size_t>(got);
  }

 private:
  Fd fd_;
  uint64_t size_;
};

bool is_gzip(int fd) {
  uint8_t magic[2] = {};
  return pread(fd, magic, sizeof magic, 0) == sizeof magic && magic[0] == 0x1f && magic[1] == 0x8b;
}

}  // namespace

Result<std::unique_ptr<ByteSource>> open_bytes(const std::string& path) {
  Fd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return system_error("open " + path);
  struct stat info{};
  if (fstat(fd.get(), &info) != 0) return system_error("stat " + path);
  if (S_ISDIR(info.st_mode)) return Error{"open " + path + ": is a directory", EISDIR};
  std::unique_ptr<ByteSource> source;
  const bool regular = S_ISREG(info.st_mode);
  if (regular && is_gzip(fd.get())) {
    source = std::make_unique<GzipSource>(std::move(fd));
  } else {
    source = std::make_unique<ReadSource>(std::move(fd), regular ? static_cast<uint64_t>(info.st_size) : 0);
  }
  return source;
}

}  // namespace vmoat
