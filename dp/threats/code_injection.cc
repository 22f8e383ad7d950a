// Code injection: a parameter that a PHP application would run as code, or bring to life as an object
// (CWE-94, CWE-502).
#include "apps/text.h"
#include "threats/content/messages.h"
#include "threats/evidence.h"
#include "threats/threat.h"

namespace vmoat {
namespace {

constexpr size_t value_bytes_max = 4096;

/** Functions that run commands or code, or call what they are told to. */
constexpr std::string_view functions[] = {"passthru",
                                          "system",
                                          "exec",
                                          "shell_exec",
                                          "proc_open",
                                          "popen",
                                          "pcntl_exec",
                                          "eval",
                                          "assert",
                                          "call_user_func_array",
                                          "call_user_func",
                                          "phpinfo",
                                          "create_function",
                                          "base64_decode",
                                          "file_put_contents",
                                          "fputs",
                                          "print_r"};

bool is_word(char c) {
  return is_digit(c) || c == '_' || (lower(c) >= 'a' && lower(c) <= 'z');
}

/** The function at the front of `text`, with its bracket; empty where there is none. */
std::string_view called(std::string_view text) {
  for (std::string_view function : functions) {
    if (text.size() <= function.size() || !same_letters(text.substr(0, function.size()), function)) continue;
    const std::string_view rest = trim(text.substr(function.size()));
    if (!rest.empty() && rest[0] == '(') return function;
  }
  return {};
}

/** What puts a value into code: the end of a string, of a statement or of a template's expression. */
bool breaks_out(std::string_view before) {
  before = trim(before);
  if (before.empty()) return false;
  const char last = before.back();
  if (last == ';' || last == '{' || last == '@') return true;
  const bool joins = last == '.' || last == '(' || last == ')';
  return joins && before.find_first_of("'\"") != before.npos;
}

/** A variable among the arguments: prose about a function has none of the request's own. */
bool takes_variable(std::string_view arguments) {
  for (std::string_view name : {"$_get", "$_post", "$_request", "$_cookie", "$_server", "$http_"})
    if (find_letters(arguments, name) != arguments.npos) return true;
  return false;
}

bool calls(std::string_view value) {
  for (size_t at = value.find('('); at != value.npos; at = value.find('(', at + 1)) {
    size_t start = at;
    while (start > 0 && value[start - 1] == ' ') start--;
    while (start > 0 && is_word(value[start - 1])) start--;
    if (called(value.substr(start)).empty()) continue;
    if (takes_variable(value.substr(at)) || breaks_out(value.substr(0, start))) return true;
  }
  return false;
}

size_t digits_at(std::string_view text) {
  size_t count = 0;
  while (count < text.size() && is_digit(text[count])) count++;
  return count;
}

/** A serialised object, O:8:"stdClass":1:{ */
bool is_object(std::string_view value) {
  for (size_t at = value.find("O:"); at != value.npos; at = value.find("O:", at + 2)) {
    if (at > 0 && is_word(value[at - 1])) continue;
    std::string_view text = value.substr(at + 2);
    const size_t length = digits_at(text);
    text.remove_prefix(length);
    if (length == 0 || !text.starts_with(":\"")) continue;
    text.remove_prefix(2);
    const size_t end = text.find("\":");
    if (end == text.npos || end == 0) continue;
    text.remove_prefix(end + 2);
    const size_t fields = digits_at(text);
    if (fields > 0 && text.substr(fields).starts_with(":{")) return true;
  }
  return false;
}

/** A callback's name where only the application itself may set one (CVE-2018-7600). */
bool is_callback(const HttpInput& in) {
  if (in.name.find('#') == in.name.npos) return false;
  for (std::string_view function : functions)
    if (same_letters(in.value, function)) return true;
  return false;
}

/** Code in a body may be a text about code; in an address or a cookie it is none. */
bool is_script(const HttpInput& in) {
  const bool body = in.where == HttpWhere::form || in.where == HttpWhere::json ||
                    in.where == HttpWhere::xml || in.where == HttpWhere::multipart;
  return !body && (find_letters(in.value, "<?php") != in.value.npos || in.value.starts_with("<?="));
}

void input(const HttpInput& in, Alarm& alarm) {
  if (in.value.size() > value_bytes_max) return;
  const bool code = (in.marks & (mark_paren | mark_angle)) != 0 && (calls(in.value) || is_script(in));
  const bool object = (in.marks & mark_quote) != 0 && is_object(in.value);
  if (code || object || is_callback(in)) alarm.raise(Evidence() << in.name << "=" << in.value);
}

}  // namespace

extern const Threat code_injection_threat;
const Threat code_injection_threat = {
    .name = "code-injection",
    .severity = Severity::critical,
    .action = ThreatAction::deny,
    .means =
        "a request's parameter is PHP code that would run, a serialised object or the name of a callback "
        "that "
        "only the application may choose (CWE-94, CWE-502)",
    .evidence = "the parameter, decoded",
    .live = "parameters of the first 64 KiB of requests on a connection",
    .input = input,
};

}  // namespace vmoat
