// Loads the wall.
#include "enforce/wall.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "bpf/wall.skel.h"

namespace vmoat {

struct Wall::Object {
  wall_bpf* skeleton = wall_bpf__open();
  ~Object() { wall_bpf__destroy(skeleton); }
};

Wall::Wall(std::unique_ptr<Object> object) : object_(std::move(object)) {}
Wall::Wall(Wall&&) noexcept = default;
Wall::~Wall() = default;

Result<Wall> Wall::load() {
  auto object = std::make_unique<Object>();
  if (!object->skeleton || wall_bpf__load(object->skeleton) != 0)
    return system_error("load the wall program");
  return Wall(std::move(object));
}

int Wall::program() const {
  return bpf_program__fd(object_->skeleton->progs.wall);
}

}  // namespace vmoat
