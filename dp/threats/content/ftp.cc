// The splitter of FTP (RFC 959): 530 or 430 in answer to PASS is a login that was refused.
#include "threats/content/lines.h"

namespace vmoat {
namespace {

size_t split(const Content& content, ContentState& state, ContentSink& sink) {
  auto last = state.as<LastCommand>();
  const size_t taken = split_lines(content, [&](std::string_view line) {
    if (content.from_client) {
      last.login = find_letters(line.substr(0, 5), "pass ") == 0;
      return true;
    }
    if (last.login && (line.starts_with("530") || line.starts_with("430")))
      sink.login({.application = "ftp", .reason = line});
    return !line.starts_with("230");
  });
  state.keep(last);
  return taken;
}

}  // namespace

extern const Splitter ftp_splitter;
const Splitter ftp_splitter{"ftp", 8192, 8192, split};

}  // namespace vmoat
