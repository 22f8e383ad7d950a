// The splitter of POP3 (RFC 1939, RFC 5034): -ERR in answer to PASS, APOP or AUTH is a login that was
// refused.
#include "threats/content/lines.h"

namespace vmoat {
namespace {

bool is_login(std::string_view line) {
  for (std::string_view verb : {"pass ", "apop ", "auth "})
    if (find_letters(line.substr(0, verb.size()), verb) == 0) return true;
  return false;
}

/** A line behind AUTH may be its credentials: it answers the server's "+ ", and no command follows yet. */
size_t split(const Content& content, ContentState& state, ContentSink& sink) {
  auto last = state.as<LastCommand>();
  const size_t taken = split_lines(content, [&](std::string_view line) {
    if (content.from_client) {
      last.login = is_login(line) || (last.login && line.find(' ') == line.npos && line.size() > 4);
      return true;
    }
    if (last.login && line.starts_with("-ERR")) sink.login({.application = "pop3", .reason = line});
    return !(last.login && line.starts_with("+OK"));
  });
  state.keep(last);
  return taken;
}

}  // namespace

extern const Splitter pop3_splitter;
const Splitter pop3_splitter{"pop3", 8192, 8192, split};

}  // namespace vmoat
