#include "engine/readings.h"

#include <algorithm>
#include <bit>
#include <cassert>
#include <new>

#include "session/tcp.h"

namespace vmoat {
namespace {

/** No more than a window can be (RFC 7323, 2.3), so that no byte behind it can be taken for one of it. */
constexpr uint64_t content_bytes_max = VMOAT_CONTENT_MAX;

}  // namespace

Readings::Readings(size_t bytes_max) : arena_(bytes_max, VMOAT_SLOTS), logs_(bytes_max, VMOAT_SLOTS) {
  const auto all = applications();
  for (size_t i = 0; i < all.size(); i++)
    if (all[i].goes_on != nullptr) readers_.push_back(static_cast<uint16_t>(i + 1));
  assert(readers_.size() <= readers_max);
}

Readings::Reading& Readings::at(uint32_t reading) const {
  return *reinterpret_cast<Reading*>(arena_.at(reading));
}

uint32_t Readings::begin(uint32_t next, uint16_t slot) {
  const uint32_t piece = arena_.take(sizeof(Reading), slot);
  if (piece == 0) return 0;
  new (arena_.at(piece)) Reading{
      .next = next, .content = {next, 0}, .over = 0, .memory = {}, .log = StreamLog::begin(next, slot)};
  return piece;
}

void Readings::end(uint32_t reading) {
  if (reading == 0) return;
  logs_.drop(at(reading).log);
  arena_.give_back(reading);
}

Readings::Read Readings::read(uint32_t reading, uint32_t seq, Bytes said) {
  Reading& r = at(reading);
  const int32_t ahead = distance(r.next, seq);
  if (ahead > 0) return Read::early;
  const size_t known = std::min(static_cast<size_t>(-static_cast<int64_t>(ahead)), said.size());
  const bool is_content = -static_cast<int64_t>(ahead) <= vmoat_content_bytes(r.content);
  const Read again = known == 0 || is_content ? Read::yes : compare(r, seq, said.first(known));
  if (again == Read::yes && known < said.size()) read_news(r, said.subspan(known));
  return again;
}

/** A keep-alive may say any one byte that was acknowledged long ago (RFC 9293, 3.8.4): nobody means anything
 * by it, and nothing is lost with it. */
Readings::Read Readings::compare(const Reading& r, uint32_t seq, Bytes again) const {
  const bool is_keep_alive = again.size() == 1 && seq + 1 == r.next;
  switch (logs_.compare(r.log, seq, again)) {
    case StreamLog::Match::same:
      return Read::yes;
    case StreamLog::Match::other:
      return is_keep_alive ? Read::unknown : Read::other;
    default:
      return Read::unknown;
  }
}

void Readings::read_news(Reading& r, Bytes said) {
  for (size_t i = 0; i < readers_.size(); i++) {
    read_[i].clear();
    const auto note = [&](Bytes read) { read_[i].push_back(read); };
    const bool is_over = (r.over >> i & 1) != 0;
    if (!is_over && !read_on(applications()[readers_[i] - 1u], said, r.memory[i], note)) r.over |= 1u << i;
  }
  remember(r, r.next, said);
  r.next += static_cast<uint32_t>(said.size());
  logs_.advance(r.log, r.next);  // content is still to come
  pass_content(r);
}

/** What the reader has read that is left; all of it where there are several. */
void Readings::remember(Reading& r, uint32_t seq, Bytes said) {
  const uint32_t left = ~r.over & ((1u << readers_.size()) - 1);
  if (left == 0) return;
  if (!std::has_single_bit(left)) return logs_.keep(r.log, seq, said);
  for (const Bytes read : read_[static_cast<size_t>(std::countr_zero(left))])
    logs_.keep(r.log, seq + static_cast<uint32_t>(read.data() - said.data()), read);
}

/** What comes behind content is known where one reader is left, and has said where that ends. */
void Readings::pass_content(Reading& r) const {
  const uint32_t left = ~r.over & ((1u << readers_.size()) - 1);
  r.content = {r.next, 0};
  if (left == 0) return;
  uint64_t content = content_bytes_max;
  for (size_t i = 0; i < readers_.size(); i++)
    if ((left >> i & 1) != 0) content = std::min(content, r.memory[i].content);
  const StreamMemory& one = r.memory[static_cast<size_t>(std::countr_zero(left))];
  const bool is_known = std::has_single_bit(left) && content == one.content;
  const vmoat_head_kind head = is_known ? one.head : VMOAT_NO_HEAD;
  if (content < content_bytes_min && head == VMOAT_NO_HEAD) return;
  for (StreamMemory& memory : r.memory) memory.content -= std::min(content, memory.content);
  r.next += static_cast<uint32_t>(content);
  r.content = {r.next, vmoat_content_ends(static_cast<uint32_t>(content), head)};
}

bool Readings::is_still(uint32_t reading, uint16_t application) const {
  const auto found = std::ranges::find(readers_, application);
  if (found == readers_.end()) return false;
  return (at(reading).over >> (found - readers_.begin()) & 1) == 0;
}

}  // namespace vmoat
