#include "engine/readings.h"

#include <algorithm>
#include <cassert>
#include <new>

#include "session/tcp.h"

namespace vmoat {
namespace {

/** No more than a window can be (RFC 7323, 2.3), so that no byte behind it can be taken for one of it; and
 * less is cheaper read than told to the kernel. */
constexpr uint64_t content_bytes_max = 1u << 30, content_bytes_min = 1u << 17;

}  // namespace

Readings::Readings(size_t bytes_max) : arena_(bytes_max) {
  const auto all = applications();
  for (size_t i = 0; i < all.size(); i++)
    if (all[i].goes_on != nullptr) readers_.push_back(static_cast<uint16_t>(i + 1));
  assert(readers_.size() <= readers_max);
}

Readings::Reading& Readings::at(uint32_t reading) const {
  return *reinterpret_cast<Reading*>(arena_.at(reading));
}

uint32_t Readings::begin(uint32_t next) {
  const uint32_t piece = arena_.take(sizeof(Reading));
  if (piece != 0)
    new (arena_.at(piece)) Reading{.next = next, .content = {next, next}, .over = 0, .memory = {}};
  return piece;
}

void Readings::end(uint32_t reading) {
  if (reading != 0) arena_.give_back(reading);
}

bool Readings::read(uint32_t reading, uint32_t seq, Bytes said) {
  Reading& r = at(reading);
  const int32_t ahead = distance(r.next, seq);
  if (ahead > 0) return false;
  const auto known = static_cast<size_t>(-static_cast<int64_t>(ahead));
  if (known >= said.size()) return true;
  said = said.subspan(known);
  r.next += static_cast<uint32_t>(said.size());
  r.content = {r.next, r.next};
  for (size_t i = 0; i < readers_.size(); i++) {
    const bool is_over = (r.over >> i & 1) != 0;
    if (!is_over && !applications()[readers_[i] - 1u].goes_on(said, r.memory[i])) r.over |= 1u << i;
  }
  pass_content(r);
  return true;
}

void Readings::pass_content(Reading& r) const {
  uint64_t content = r.over + 1 == 1u << readers_.size() ? 0 : content_bytes_max;
  for (size_t i = 0; i < readers_.size(); i++)
    if ((r.over >> i & 1) == 0) content = std::min(content, r.memory[i].content);
  if (content < content_bytes_min) return;
  for (StreamMemory& memory : r.memory) memory.content -= std::min(content, memory.content);
  r.content = {r.next, r.next + static_cast<uint32_t>(content)};
  r.next = r.content.until;
}

bool Readings::is_still(uint32_t reading, uint16_t application) const {
  const auto found = std::ranges::find(readers_, application);
  if (found == readers_.end()) return false;
  return (at(reading).over >> (found - readers_.begin()) & 1) == 0;
}

}  // namespace vmoat
