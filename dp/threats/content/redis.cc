// The splitter of Redis (RESP 2 and 3): the errors WRONGPASS and NOAUTH, and the older "invalid password".
#include "apps/text.h"
#include "threats/content/content.h"

namespace vmoat {
namespace {

/** Bytes that follow a line of this type: a bulk string and its line end. */
size_t bulk_bytes(std::string_view line) {
  const bool bulk = line[0] == '$' || line[0] == '!' || line[0] == '=';
  if (!bulk) return 0;
  line.remove_prefix(1);
  const int64_t length = take_number(line, 9);
  return length < 0 ? 0 : static_cast<size_t>(length) + 2;
}

size_t split(const Content& content, ContentState&, ContentSink& sink) {
  size_t taken = 0;
  while (taken < content.data.size()) {
    std::string_view text = as_text(content.data.subspan(taken));
    const size_t size = text.size();
    const Line line = take_line(text);
    if (!line.complete) return size >= content_window_bytes ? content_done : taken;
    if (!line.text.empty()) {
      constexpr std::string_view types = "+-:$*_#,(!=%~>|.";
      if (types.find(line.text[0]) == types.npos) return content_done;
      for (std::string_view refusal : {"-WRONGPASS", "-NOAUTH", "-ERR invalid password"})
        if (line.text.starts_with(refusal))
          sink.login({.application = "redis", .reason = line.text.substr(1, 200)});
      taken += bulk_bytes(line.text);
    }
    taken += size - text.size();
  }
  return taken;
}

}  // namespace

extern const Splitter redis_splitter;
const Splitter redis_splitter{"redis", 0, 8192, split};

}  // namespace vmoat
