// Questions: known by a seeded hash of all that an answer has to repeat.
#include "session/questions.h"

#include <algorithm>

namespace vmoat {

uint64_t Questions::print_of(const AskedName& a) const {
  uint64_t words[34] = {a.flow, uint64_t{a.id} << 16 | a.type};
  const size_t size = std::min(a.name.size(), sizeof words - 16);
  std::memcpy(words + 2, a.name.data(), size);
  return std::max<uint64_t>(1, hash_(words, 2 + (size + 7) / 8));
}

void Questions::add(const AskedName& asked, const Mac& server, int64_t now_ns) {
  if (table_.empty()) table_.resize(places * ways);
  const uint64_t print = print_of(asked);
  Entry* const place = place_of(print);
  const auto age = [&](const Entry& e) { return e.print == print ? INT64_MIN : e.asked_ns; };
  *std::min_element(place, place + ways, [&](auto& a, auto& b) { return age(a) < age(b); }) = {print, now_ns,
                                                                                               server};
}

bool Questions::take(const AskedName& asked, Mac& server, int64_t now_ns) {
  if (table_.empty()) return false;
  const uint64_t print = print_of(asked);
  Entry* const place = place_of(print);
  Entry* const found = std::find_if(place, place + ways, [&](const Entry& e) { return e.print == print; });
  if (found == place + ways) return false;
  const bool in_time = now_ns - found->asked_ns <= answer_time_ns;
  server = found->server;
  *found = {};
  return in_time;
}

}  // namespace vmoat
