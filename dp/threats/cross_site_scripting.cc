// Cross-site scripting: a parameter that a browser would run as script if a page showed it.
#include "apps/text.h"
#include "threats/content/messages.h"
#include "threats/evidence.h"
#include "threats/threat.h"

namespace vmoat {
namespace {

constexpr size_t value_bytes_max = 4096;

bool is_space(char c) {
  return c == ' ' || (c >= '\t' && c <= '\r') || c == '/';
}

/** A name and at once what only code puts behind it: alert(1), document.cookie, x=1, `…`. */
bool is_code(std::string_view text) {
  while (!text.empty() &&
         (is_space(text[0]) || text[0] == ';' || text[0] == '*' || text[0] == '\'' || text[0] == '"'))
    text.remove_prefix(1);
  size_t at = 0;
  while (at < text.size() &&
         (is_letter(text[at]) || is_digit(text[at]) || text[at] == '_' || text[at] == '$'))
    at++;
  if (at == text.size() || text.starts_with("</")) return false;
  if (at == 0) return text[0] == '(' || text[0] == '[' || text[0] == '{' || text[0] == '`';
  const std::string_view name = text.substr(0, at);
  for (std::string_view word : {"var", "let", "const", "new", "function", "throw", "import"})
    if (name == word && text[at] == ' ') return text.find_first_of("=({", at) != text.npos;
  return text[at] == '(' || text[at] == '.' || text[at] == '=' || text[at] == '[' || text[at] == '`';
}

/** A URL that is a script: javascript:, with the blanks that browsers pass over within it. */
bool is_script_url(std::string_view text) {
  while (!text.empty() && (is_space(text[0]) || text[0] == '\'' || text[0] == '"')) text.remove_prefix(1);
  for (std::string_view scheme : {"javascript:", "vbscript:", "data:text/html", "livescript:"}) {
    size_t at = 0, met = 0;
    for (; at < text.size() && met < scheme.size(); at++) {
      if (text[at] == '\t' || text[at] == '\n' || text[at] == '\r' || text[at] == '\0') continue;
      if (lower(text[at]) != scheme[met]) break;
      met++;
    }
    if (met == scheme.size()) return true;
  }
  return false;
}

/** onerror, onload …: a name of letters behind "on" that some element knows. */
bool is_handler(std::string_view name) {
  if (name.size() < 5 || find_letters(name.substr(0, 2), "on") != 0) return false;
  for (std::string_view event :
       {"error",    "load",        "click",        "mouse",          "key",       "focus",
        "blur",     "change",      "submit",       "toggle",         "animation", "transition",
        "begin",    "end",         "start",        "wheel",          "scroll",    "drag",
        "drop",     "copy",        "cut",          "paste",          "pointer",   "touch",
        "unload",   "hashchange",  "message",      "popstate",       "resize",    "select",
        "show",     "input",       "invalid",      "play",           "canplay",   "finish",
        "bounce",   "beforeprint", "beforeunload", "propertychange", "dblclick",  "contextmenu",
        "auxclick", "loadeddata",  "page"})
    if (find_letters(name.substr(2), event) == 0) return true;
  return false;
}

/** Attributes from `text` on, up to the tag's end: a handler, or a URL that is a script. */
bool attributes_run(std::string_view text) {
  for (int i = 0; i < 64 && !text.empty(); i++) {
    while (!text.empty() && (is_space(text[0]) || text[0] == '"' || text[0] == '\'')) text.remove_prefix(1);
    if (text.empty() || text[0] == '>') return false;
    size_t end = 0;
    while (end < text.size() &&
           (is_letter(text[end]) || text[end] == '-' || text[end] == ':' || is_digit(text[end])))
      end++;
    const std::string_view name = text.substr(0, end);
    text.remove_prefix(std::max<size_t>(end, 1) <= text.size() ? std::max<size_t>(end, 1) : text.size());
    while (!text.empty() && is_space(text[0]) && text[0] != '/') text.remove_prefix(1);
    if (text.empty() || text[0] != '=') continue;
    text.remove_prefix(1);
    while (!text.empty() && is_space(text[0]) && text[0] != '/') text.remove_prefix(1);
    if (is_handler(name) && !text.empty()) return true;
    if (is_script_url(text)) return true;
    const char quote = text.empty() ? '\0' : text[0];
    const bool quoted = quote == '"' || quote == '\'' || quote == '`';
    const size_t stop = quoted ? text.find(quote, 1) : text.find_first_of(" \t\r\n>");
    text.remove_prefix(stop == text.npos ? text.size() : stop + (quoted ? 1 : 0));
  }
  return false;
}

/** What stands behind "<". */
bool tag_runs(std::string_view text) {
  while (!text.empty() && (text[0] == '\0' || text[0] == '\t' || text[0] == '\n')) text.remove_prefix(1);
  size_t end = 0;
  while (end < text.size() && (is_letter(text[end]) || is_digit(text[end]) || text[end] == ':')) end++;
  const std::string_view name = text.substr(0, end);
  text.remove_prefix(end);
  if (name.empty()) return false;
  if (same_letters(name, "script")) {
    const size_t close = text.find('>');
    const std::string_view attributes = text.substr(0, close);
    if (const size_t source = find_letters(attributes, "src"); source != attributes.npos)
      return attributes.find('=', source) != attributes.npos;
    return close != text.npos && is_code(text.substr(close + 1));
  }
  return !text.empty() && is_space(text[0]) && attributes_run(text);
}

std::string_view judge(std::string_view value) {
  for (size_t at = value.find('<'); at != value.npos; at = value.find('<', at + 1))
    if (tag_runs(value.substr(at + 1))) return "an element that runs a script";
  if (is_script_url(value) && value.find('(') != value.npos) return "a URL that is a script";
  // Out of an attribute's value into a handler: " onmouseover=alert(1) x="
  for (size_t at = value.find_first_of("\"'"); at != value.npos; at = value.find_first_of("\"'", at + 1)) {
    const std::string_view rest = value.substr(at + 1);
    const size_t name = std::min(rest.find_first_not_of(" \t\r\n/"), rest.size());
    const size_t equals = rest.find('=');
    if (equals == rest.npos || name > equals || (name == 0 && at != 0)) continue;
    if (is_handler(trim(rest.substr(name, equals - name))) && is_code(rest.substr(equals + 1)))
      return "an event handler out of an attribute";
  }
  return {};
}

void input(const HttpInput& in, Alarm& alarm) {
  constexpr uint16_t needed = mark_angle | mark_quote | mark_paren;
  if ((in.marks & needed) == 0 || in.value.size() > value_bytes_max) return;
  const bool shown = in.where == HttpWhere::query || in.where == HttpWhere::form ||
                     in.where == HttpWhere::path || in.where == HttpWhere::cookie;
  if (!shown) return;
  const std::string_view why = judge(in.value);
  if (!why.empty()) alarm.raise(Evidence() << why << ": " << in.name << "=" << in.value);
}

}  // namespace

extern const Threat cross_site_scripting_threat;
const Threat cross_site_scripting_threat = {
    .name = "cross-site-scripting",
    .severity = Severity::medium,
    .action = ThreatAction::alert,
    .means = "a request's parameter holds what a browser would run as script if a page showed it",
    .evidence = "the parameter, decoded",
    .live = "paths, queries, forms and cookies of the first 64 KiB of requests on a connection",
    .input = input,
};

}  // namespace vmoat
