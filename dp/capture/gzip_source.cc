// GzipSource: zlib's stream, fed from the file.
#include "capture/gzip_source.h"

#include <algorithm>

namespace vmoat {

namespace {
constexpr int gzip_only = 16 + MAX_WBITS;
}

GzipSource::GzipSource(Fd fd) : fd_(std::move(fd)) {
  if (inflateInit2(&stream_, gzip_only) != Z_OK) failure_ = "out of memory for inflating";
}

/** More compressed bytes; false at the end of the file or on an error. */
bool GzipSource::refill() {
  const ssize_t got = ::read(fd_.get(), in_.data(), in_.size());
  if (got < 0) failure_ = system_error("read").what;
  if (got <= 0) return false;
  stream_.next_in = in_.data();
  stream_.avail_in = static_cast<uInt>(got);
  return true;
}

/** Behind a member's end: another one, or nothing more. Padding by zeros is let be. */
bool GzipSource::next_member() {
  do {
    while (stream_.avail_in > 0 && *stream_.next_in == 0) stream_.next_in++, stream_.avail_in--;
  } while (stream_.avail_in == 0 && refill());
  return stream_.avail_in > 0 && inflateReset(&stream_) == Z_OK;
}

size_t GzipSource::fill(uint8_t* to, size_t room) {
  stream_.next_out = to;
  stream_.avail_out = static_cast<uInt>(std::min<size_t>(room, 1 << 30));
  const uInt asked = stream_.avail_out;
  while (stream_.avail_out == asked && !failure_ && !done_) {
    if (stream_.avail_in == 0 && !refill()) {
      if (!failure_) failure_ = "the compressed file is cut off";
      break;
    }
    const int status = inflate(&stream_, Z_NO_FLUSH);
    if (status == Z_STREAM_END) {
      done_ = !next_member();
    } else if (status != Z_OK && status != Z_BUF_ERROR) {
      failure_ =
          std::string("the compressed data is broken: ") + (stream_.msg != nullptr ? stream_.msg : "zlib");
    }
  }
  return asked - stream_.avail_out;
}

}  // namespace vmoat
