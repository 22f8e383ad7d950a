// BufferedSource: moves what is left to the front, then fills up; grows only for a record that is larger.
#include "capture/buffered_source.h"

#include <algorithm>
#include <cstring>

namespace vmoat {

Bytes BufferedSource::need(size_t count) {
  if (at_hand().size() >= count || ended_) return at_hand();
  if (at_ != 0 && end_ != at_) std::memmove(buffer_.data(), &buffer_[at_], end_ - at_);
  end_ -= at_;
  at_ = 0;
  if (buffer_.size() < std::max(count, buffer_bytes)) buffer_.resize(std::max(count, buffer_bytes));
  while (end_ < count) {
    const size_t got = fill(&buffer_[end_], buffer_.size() - end_);
    if (got == 0) {
      ended_ = true;
      break;
    }
    end_ += got;
  }
  return at_hand();
}

}  // namespace vmoat
