// Result<T>: a value, or an Error that says what was tried and why it failed.
// Ours because std::expected is not in C++20, and because every error here carries context.
#pragma once

#include <cassert>
#include <cerrno>
#include <cstring>
#include <string>
#include <utility>
#include <variant>

namespace vmoat {

/** What failed, in words for the operator, and the errno behind it (0 when there is none). */
struct Error {
  std::string what;
  int code = 0;

  /** The same failure, seen from one layer up: "attach vnet3: open tun: Permission denied". */
  [[nodiscard]] Error in(std::string_view context) && {
    what.insert(0, ": ").insert(0, context);
    return std::move(*this);
  }
};

/** Error from errno as it stands now: "what: strerror". */
[[nodiscard]] inline Error system_error(std::string_view what, int code = errno) {
  return {std::string(what) + ": " + std::strerror(code), code};
}

template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}

  [[nodiscard]] bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(value()); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }
  /** Precondition: !ok(). */
  [[nodiscard]] Error& error() {
    assert(!ok());
    return std::get<1>(state_);
  }

 private:
  T& value() {
    assert(ok());
    return std::get<0>(state_);
  }
  const T& value() const {
    assert(ok());
    return std::get<0>(state_);
  }
  std::variant<T, Error> state_;
};

/** For actions: nothing on success. */
using Status = Result<std::monostate>;
[[nodiscard]] inline Status success() {
  return std::monostate{};
}

}  // namespace vmoat
