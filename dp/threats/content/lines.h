// Lines: what the splitters of text protocols (ftp, smtp, imap, pop3) share.
#pragma once

#include "apps/text.h"
#include "threats/content/content.h"

namespace vmoat {

/**
 * Calls `each(line)`, which returns false to end the direction, for every whole line. A line beyond the
 * window or with control characters (TLS has begun) ends it, too.
 */
template <class Each>
size_t split_lines(const Content& content, Each each) {
  std::string_view text = as_text(content.data);
  while (!text.empty()) {
    const size_t left = text.size();
    const Line line = take_line(text);
    if (!is_text(line.text)) return content_done;
    if (!line.complete && !content.cut)
      return left >= content_window_bytes ? content_done : content.data.size() - left;
    if (!each(line.text)) return content_done;
  }
  return content.data.size();
}

/** What is remembered where the client's last command tells what the answer is about. */
struct LastCommand {
  bool login = false;
};

}  // namespace vmoat
