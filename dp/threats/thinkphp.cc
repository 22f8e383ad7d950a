// ThinkPHP: a request that has the framework call a class of its own by name (CVE-2018-20062, CVE-2019-9082),
// or construct its request object from the request (ThinkPHP 5.0 to 5.0.23).
#include "apps/text.h"
#include "threats/content/messages.h"
#include "threats/evidence.h"
#include "threats/threat.h"

namespace vmoat {
namespace {

/** Classes of the namespace `think` whose methods attacks call, in lower case. */
constexpr std::string_view classes[] = {
    "app",     "build",    "cache", "config",  "console",  "container", "controller", "cookie", "db",
    "debug",   "error",    "hook",  "lang",    "loader",   "log",       "model",      "module", "process",
    "request", "response", "route", "session", "template", "validate",  "view"};

bool is_word(char c) {
  return is_letter(c) || is_digit(c) || c == '_';
}

std::string_view take_word(std::string_view& text) {
  size_t size = 0;
  while (size < text.size() && is_word(text[size])) size++;
  const std::string_view word = text.substr(0, size);
  text.remove_prefix(size);
  return word;
}

/** "app/invokefunction", "template\driver\file/write": a class of the framework's, and its method. */
bool is_method(std::string_view text) {
  const std::string_view first = take_word(text);
  if (std::none_of(std::begin(classes), std::end(classes),
                   [&](std::string_view name) { return same_letters(first, name); }))
    return false;
  while (text.starts_with('\\')) {
    text.remove_prefix(1);
    if (take_word(text).empty()) return false;
  }
  return text.size() > 1 && (text[0] == '/' || text[0] == '.') && is_letter(text[1]);
}

/** A route whose controller is a class with its namespace: index/\think\app/invokefunction. */
bool is_call(std::string_view route) {
  constexpr std::string_view space = "think\\";
  for (size_t from = 0;;) {
    const size_t at = find_letters(route.substr(from), space);
    if (at == route.npos) return false;
    const size_t start = from + at;
    from = start + space.size();
    const bool whole = start == 0 || !is_word(route[start - 1]);
    if (whole && is_method(route.substr(from))) return true;
  }
}

/** Where the framework reads a route: the path, and the parameter `s`. */
bool is_route(const HttpInput& in) {
  return in.where == HttpWhere::path || (in.where == HttpWhere::query && same_letters(in.name, "s"));
}

/** The method that a form overrides is called by its name; no HTTP method is called so. */
bool is_constructor(const HttpInput& in) {
  const bool form =
      in.where == HttpWhere::form || in.where == HttpWhere::query || in.where == HttpWhere::multipart;
  return form && same_letters(in.name, "_method") && same_letters(in.value, "__construct");
}

void input(const HttpInput& in, Alarm& alarm) {
  const bool call = (in.marks & mark_slash) != 0 && is_route(in) && is_call(in.value);
  if (call || is_constructor(in)) alarm.raise(Evidence() << in.name << "=" << in.value);
}

}  // namespace

extern const Threat thinkphp_threat;
const Threat thinkphp_threat = {
    .name = "thinkphp",
    .severity = Severity::critical,
    .action = ThreatAction::deny,
    .means =
        "a request has ThinkPHP call one of its own classes by name, or construct its request anew, and run "
        "what "
        "the request says (CVE-2018-20062, CVE-2019-9082)",
    .evidence = "the path or parameter, decoded",
    .live = "parameters of the first 64 KiB of requests on a connection",
    .input = input,
};

}  // namespace vmoat
