// Lines and messages of a text protocol that is followed: what a chunk leaves unfinished is kept for the
// next.
#pragma once

#include <array>

#include "apps/sides.h"
#include "apps/text.h"

namespace vmoat {

/** What was kept of the side that speaks. */
inline Bytes kept_of_speaker(const Opening& opening) {
  return from_server(opening) ? opening.server_kept : opening.client_kept;
}

/** What was kept and what comes, as one text; at most `size` bytes of both. */
template <size_t size>
class Joined {
 public:
  explicit Joined(const Opening& opening) {
    if (!opening.cut) add(kept_of_speaker(opening));  // behind a gap it is no beginning of anything
    add(datagram(opening));
  }
  [[nodiscard]] std::string_view view() const { return {text_.data(), used_}; }

 private:
  void add(Bytes bytes) {
    const size_t count = std::min(bytes.size(), size - used_);
    std::copy_n(bytes.begin(), count, text_.begin() + static_cast<ptrdiff_t>(used_));
    used_ += count;
  }
  std::array<char, size> text_;
  size_t used_ = 0;
};

inline void keep_text(std::string_view text, Findings& findings) {
  findings.keep({reinterpret_cast<const uint8_t*>(text.data()), text.size()});
}

/** Calls `each(line)` for each line that ends in what the speaking side says now; longer ones than `line_max`
 * are passed over. */
template <size_t line_max, class Each>
void each_new_line(const Opening& opening, Findings& findings, Each each) {
  const Joined<2 * line_max> head(opening);
  std::string_view text = head.view();
  const size_t known = opening.cut ? 0 : std::min(kept_of_speaker(opening).size(), 2 * line_max);
  std::string_view rest = as_text(datagram(opening));
  if (known != 0) {
    const Line first = take_line(text);
    if (first.complete) each(first.text);
    if (!first.complete)
      return keep_text(text.size() > line_max ? std::string_view{} : head.view(), findings);
    take_line(rest);
  }
  while (!rest.empty()) {
    const std::string_view from = rest;
    const Line line = take_line(rest);
    if (!line.complete) return keep_text(from.size() > line_max ? std::string_view{} : from, findings);
    each(line.text);
  }
  if (known != 0) keep_text({}, findings);
}

}  // namespace vmoat
