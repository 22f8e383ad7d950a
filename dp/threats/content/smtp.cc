// The splitter of SMTP (RFC 4954): 535 is a login that was refused, 235 one that was not.
#include "threats/content/lines.h"

namespace vmoat {
namespace {

size_t split(const Content& content, ContentState&, ContentSink& sink) {
  return split_lines(content, [&](std::string_view line) {
    if (line.starts_with("535")) sink.login({.application = "smtp", .reason = line});
    return !line.starts_with("235");
  });
}

}  // namespace

extern const Splitter smtp_splitter;
const Splitter smtp_splitter{"smtp", 0, 8192, split};

}  // namespace vmoat
