// ByteSource: the bytes of a capture file from front to back, read or inflated.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/byte_reader.h"
#include "base/result.h"

namespace vmoat {

class ByteSource {
 public:
  virtual ~ByteSource() = default;

  /** What is at hand from the current position on, without moving any memory. */
  [[nodiscard]] virtual Bytes at_hand() const = 0;
  /** At least `count` bytes from the current position on, fewer at the end. Bytes given out before are void.
   */
  virtual Bytes need(size_t count) = 0;
  /** Goes on by at most what is at hand. */
  virtual void skip(size_t count) = 0;
  /** Position in the uncompressed bytes. */
  [[nodiscard]] virtual uint64_t offset() const = 0;
  /** Uncompressed size where it is known, else 0. */
  [[nodiscard]] virtual uint64_t size() const { return 0; }
  /** Why the bytes end before the file does: a read error, broken compression. */
  [[nodiscard]] virtual std::optional<std::string> failure() const { return std::nullopt; }
};

/** Opens a file, pipe or gzip file (told by its first bytes). */
Result<std::unique_ptr<ByteSource>> open_bytes(const std::string& path);

}  // namespace vmoat
