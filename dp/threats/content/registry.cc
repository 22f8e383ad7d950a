// The registry: every splitter (list.h), each for the application of its name.
#include "threats/content/content.h"
#include "threats/content/list.h"

namespace vmoat {

#define DECLARE(name) extern const Splitter name##_splitter;
EACH_SPLITTER(DECLARE)
#undef DECLARE

std::span<const Splitter> splitters() {
#define ENTRY(name) name##_splitter,
  static const Splitter all[] = {EACH_SPLITTER(ENTRY)};
#undef ENTRY
  return all;
}

int splitter_of(std::string_view application) {
  const auto all = splitters();
  for (size_t i = 0; i < all.size(); i++)
    if (all[i].application == application) return static_cast<int>(i);
  return -1;
}

}  // namespace vmoat
