// Facts: what parsers read off sessions, kept per session in the form that records carry; bounded.
#pragma once

#include <array>
#include <string_view>

#include "apps/application.h"
#include "base/arena.h"
#include "session/session.h"

namespace vmoat {

/** A run of {uint8 key, uint8 0, uint16 length, bytes}, at most bytes_max long; a key stands in it once. */
class FactRun {
 public:
  static constexpr size_t bytes_max = 1024;
  static constexpr size_t value_bytes_max = 255;

  /** Last write wins; what does not fit is left out. */
  void put(Fact key, std::string_view value);
  void put_all(Bytes run);
  void clear() { size_ = 0; }
  [[nodiscard]] Bytes bytes() const { return {run_.data(), size_}; }

 private:
  void erase(Fact key);

  std::array<uint8_t, bytes_max> run_;
  size_t size_ = 0;
};

class FactStore {
 public:
  /** `slots`: of NICs whose sessions share the memory. */
  explicit FactStore(size_t bytes_max, uint16_t slots = 1) : arena_(bytes_max, slots) {}

  [[nodiscard]] Bytes of(const Session& s) const;
  /** Adds to the session's facts; true when that changed them. False and `refused` when memory is out. */
  bool merge(Session& s, const FactRun& run, uint64_t& refused);
  void drop(Session& s);

 private:
  Arena arena_;
  FactRun merged_;
};

}  // namespace vmoat
