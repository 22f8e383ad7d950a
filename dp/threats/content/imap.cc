// The splitter of IMAP (RFC 9051): a tagged NO in answer to LOGIN or AUTHENTICATE is a login that was
// refused.
#include "threats/content/lines.h"

namespace vmoat {
namespace {

bool is_login(std::string_view line) {
  take_until(line, ' ');
  const std::string_view verb = take_until(line, ' ');
  return same_letters(verb, "login") || same_letters(verb, "authenticate");
}

/** A line of one word is what the client says to the server's "+ ": it belongs to the command before. */
size_t split(const Content& content, ContentState& state, ContentSink& sink) {
  auto last = state.as<LastCommand>();
  const size_t taken = split_lines(content, [&](std::string_view line) {
    if (content.from_client) {
      if (line.find(' ') != line.npos) last.login = is_login(line);
      return true;
    }
    if (line.starts_with("* ") || line.starts_with('+')) return true;
    take_until(line, ' ');
    if (last.login && line.starts_with("NO")) sink.login({.application = "imap", .reason = line});
    return !(last.login && line.starts_with("OK"));
  });
  state.keep(last);
  return taken;
}

}  // namespace

extern const Splitter imap_splitter;
const Splitter imap_splitter{"imap", 8192, 8192, split};

}  // namespace vmoat
