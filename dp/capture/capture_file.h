// CaptureFile: frames out of a capture file. One format per file here, one line each in the registry.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "capture/byte_source.h"
#include "parse/frame.h"

namespace vmoat {

/** A place in a file that cannot be read on from, and why. */
struct BrokenAt {
  uint64_t offset;  // of the record, in the uncompressed file
  std::string reason;
};

class CaptureFile {
 public:
  virtual ~CaptureFile() = default;
  /** Fills `out` from the front; they are valid until the next call. 0 = no more, see `broken`. */
  virtual size_t read(std::span<Frame> out) = 0;
  [[nodiscard]] virtual const std::optional<BrokenAt>& broken() const = 0;
  /** Bytes read so far and in all (0 = unknown), uncompressed. */
  [[nodiscard]] virtual uint64_t offset() const = 0;
  [[nodiscard]] virtual uint64_t size() const = 0;
};

struct CaptureFormat {
  std::string_view name;
  /** Whether a file that begins with these bytes (up to 12) is of this format. */
  bool (*matches)(Bytes beginning);
  Result<std::unique_ptr<CaptureFile>> (*open)(std::unique_ptr<ByteSource> source);
};
std::span<const CaptureFormat> capture_formats();

Result<std::unique_ptr<CaptureFile>> open_capture(const std::string& path);

constexpr uint32_t record_bytes_max = 64 << 20;          // a longer record is taken for a broken one
constexpr int64_t frame_time_max_ns = int64_t{1} << 62;  // hostile times must leave room for arithmetic

}  // namespace vmoat
