// The splitter of SSH (RFC 4253, 4.2): the line that each end begins with; a server may say others before it.
#include "apps/text.h"
#include "threats/content/content.h"

namespace vmoat {
namespace {

constexpr size_t line_bytes_max = 255;

size_t split(const Content& content, ContentState&, ContentSink& sink) {
  std::string_view text = as_text(content.data);
  while (!text.empty()) {
    const std::string_view before = text;
    const Line line = take_line(text);
    if (!line.complete && before.size() < line_bytes_max && !content.cut)
      return content.data.size() - before.size();
    if (!is_text(line.text)) return content_done;
    if (line.text.starts_with("SSH-")) {
      sink.banner({.application = "ssh",
                   .from_client = content.from_client,
                   .line = line.text.substr(0, line_bytes_max)});
      return content_done;
    }
    if (!line.complete) return content_done;
  }
  return content.data.size();
}

}  // namespace

extern const Splitter ssh_splitter;
const Splitter ssh_splitter{"ssh", 1024, 4096, split};

}  // namespace vmoat
