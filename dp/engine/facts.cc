// Facts: runs are short, so keys are searched linearly.
#include "engine/facts.h"

#include <cstring>

namespace vmoat {

namespace {

constexpr size_t head_bytes = 4;

size_t entry_bytes(const uint8_t* entry) {
  uint16_t length;
  std::memcpy(&length, entry + 2, sizeof length);
  return head_bytes + length;
}

}  // namespace

void FactRun::erase(Fact key) {
  for (size_t at = 0; at < size_; at += entry_bytes(&run_[at])) {
    if (run_[at] != static_cast<uint8_t>(key)) continue;
    const size_t length = entry_bytes(&run_[at]);
    std::memmove(&run_[at], run_.data() + at + length, size_ - at - length);
    size_ -= length;
    return;
  }
}

void FactRun::put(Fact key, std::string_view value) {
  erase(key);
  value = value.substr(0, value_bytes_max);
  if (size_ + head_bytes + value.size() > bytes_max) return;
  const uint16_t length = static_cast<uint16_t>(value.size());
  run_[size_] = static_cast<uint8_t>(key);
  run_[size_ + 1] = 0;
  std::memcpy(&run_[size_ + 2], &length, sizeof length);
  if (length != 0) std::memcpy(&run_[size_ + head_bytes], value.data(), length);
  size_ += head_bytes + length;
}

void FactRun::put_all(Bytes run) {
  for (size_t at = 0; at < run.size(); at += entry_bytes(&run[at]))
    put(static_cast<Fact>(run[at]),
        as_text(run.subspan(at + head_bytes, entry_bytes(&run[at]) - head_bytes)));
}

Bytes FactStore::of(const Session& s) const {
  if (s.facts == 0) return {};
  return {arena_.at(s.facts), s.facts_bytes};
}

bool FactStore::merge(Session& s, const FactRun& run, uint64_t& refused) {
  if (run.bytes().empty()) return false;
  Bytes whole = run.bytes();
  if (s.facts != 0) {
    merged_.clear();
    merged_.put_all(of(s));
    merged_.put_all(run.bytes());
    whole = merged_.bytes();
    const Bytes had = of(s);
    if (whole.size() == had.size() && std::memcmp(whole.data(), had.data(), had.size()) == 0) return false;
  }
  const uint32_t size = static_cast<uint32_t>(whole.size());
  if (s.facts == 0 || Arena::room(size) != Arena::room(s.facts_bytes)) {
    const uint32_t piece = arena_.take(size, s.spending_slot());
    if (piece == 0) return refused++, false;
    drop(s);
    s.facts = piece;
  }
  s.facts_bytes = static_cast<uint16_t>(size);
  std::memcpy(arena_.at(s.facts), whole.data(), size);
  s.set(facts_changed);
  return true;
}

void FactStore::drop(Session& s) {
  if (s.facts != 0) arena_.give_back(s.facts);
  s.facts = 0;
  s.facts_bytes = 0;
}

}  // namespace vmoat
