// Wall: a program that drops everything, for our interfaces that the host must not listen on.
#pragma once

#include <memory>

#include "base/result.h"

namespace vmoat {

class Wall {
 public:
  static Result<Wall> load();
  Wall(Wall&&) noexcept;
  ~Wall();
  /** The program; owned by the Wall, and by every hook that it is put on. */
  [[nodiscard]] int program() const;

 private:
  struct Object;
  explicit Wall(std::unique_ptr<Object> object);
  std::unique_ptr<Object> object_;
};

}  // namespace vmoat
