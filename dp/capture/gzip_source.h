// GzipSource: inflates a gzip file, several members one behind the other (RFC 1952).
#pragma once

#include <zlib.h>

#include <array>

#include "base/fd.h"
#include "capture/buffered_source.h"

namespace vmoat {

class GzipSource final : public BufferedSource {
 public:
  explicit GzipSource(Fd fd);
  ~GzipSource() override { inflateEnd(&stream_); }
  GzipSource(const GzipSource&) = delete;
  GzipSource& operator=(const GzipSource&) = delete;

 protected:
  size_t fill(uint8_t* to, size_t room) override;

 private:
  bool refill();
  bool next_member();

  Fd fd_;
  z_stream stream_{};
  bool done_ = false;  // the last member has ended
  std::array<uint8_t, 65536> in_{};
};

}  // namespace vmoat
