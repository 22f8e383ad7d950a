// Path traversal: a path or parameter that climbs out of where an application keeps its files.
#include "apps/text.h"
#include "threats/content/messages.h"
#include "threats/evidence.h"
#include "threats/threat.h"

namespace vmoat {
namespace {

bool is_slash(char c) {
  return c == '/' || c == '\\';
}

/** Steps upward in a path: how many, and how far below where it began it gets. */
struct Climb {
  int steps = 0;
  int lowest = 0;
};

Climb climb(std::string_view path) {
  Climb climb;
  int depth = 0;
  while (!path.empty()) {
    size_t end = 0;
    while (end < path.size() && !is_slash(path[end])) end++;
    const std::string_view segment = path.substr(0, end).substr(0, path.substr(0, end).find('\0'));
    const bool up = segment == ".." || segment == "..;" || segment.starts_with("..;") || segment == "....";
    if (up)
      climb.steps++, depth--;
    else if (!segment.empty() && segment != ".")
      depth++;
    climb.lowest = std::min(climb.lowest, depth);
    path.remove_prefix(std::min(end + 1, path.size()));
  }
  return climb;
}

/** Files that are read to see whether one has got out. */
bool is_trophy(std::string_view text) {
  for (std::string_view file :
       {"etc/passwd",    "etc/shadow",      "etc/hosts",       "etc/group",     "etc/issue",
        "proc/self/",    "proc/version",    "windows/win.ini", "winnt/win.ini", "windows/system32",
        "boot.ini",      "web-inf/web.xml", "meta-inf/",       ".ssh/id_",      ".ssh/authorized_keys",
        "var/log/",      "etc/ssh/",        "cmd.exe",         "bin/sh",        "bin/bash",
        ".bash_history", ".aws/credentials"})
    if (const size_t at = find_letters(text, file); at != text.npos) return true;
  return false;
}

/** Backslashes and doubled slashes as one slash; what does not fit is cut. */
std::string_view with_slashes(std::string_view text, std::span<char> buffer) {
  size_t size = 0;
  for (char c : text) {
    const char plain = c == '\\' ? '/' : c;
    if (plain == '/' && size > 0 && buffer[size - 1] == '/') continue;
    if (size < buffer.size()) buffer[size++] = plain;
  }
  return {buffer.data(), size};
}

/** A value that is such a file's own name, or asks PHP or a URL reader for it; `value` is `sent` with plain
 * slashes. */
bool names_file(std::string_view sent, std::string_view value) {
  if (value.find(' ') != value.npos) return false;
  for (std::string_view reader : {"php://filter", "php://input", "expect://", "phar://", "zip://"})
    if (find_letters(sent.substr(0, reader.size()), reader) == 0) return true;
  if (find_letters(sent.substr(0, 8), "file:///") == 0) return is_trophy(value);
  for (std::string_view file :
       {"/etc/passwd", "/etc/shadow", "/proc/self/environ", "c:/windows/win.ini", "c:/boot.ini"})
    if (find_letters(value.substr(0, file.size()), file) == 0) return true;
  return false;
}

std::string_view judge(const HttpInput& in) {
  std::array<char, 1024> buffer;
  const std::string_view value = with_slashes(in.value, buffer);
  const Climb c = climb(value);
  if (in.where == HttpWhere::path) {
    if (c.steps > 0 && in.dots_encoded) return "a path that climbs by encoded dots";
    if (c.lowest < 0) return "a path that climbs above its root";
    return c.steps > 0 && is_trophy(value) ? "a path that climbs to a system's file" : std::string_view{};
  }
  if (names_file(in.value, value)) return "a parameter that names a system's file";
  if (c.steps == 0) return {};
  if (c.steps >= 2 && in.dots_encoded && c.lowest < 0) return "a parameter that climbs by encoded dots";
  if (c.steps >= 2 && value.find('\0') != value.npos) return "a parameter that climbs, cut off by a zero";
  return c.lowest < 0 && is_trophy(value) && value.find(' ') == value.npos
             ? "a parameter that climbs to a system's file"
             : std::string_view{};
}

void input(const HttpInput& in, Alarm& alarm) {
  if ((in.marks & mark_slash) == 0 || in.where == HttpWhere::xml || in.where == HttpWhere::field) return;
  const std::string_view why = judge(in);
  if (!why.empty()) alarm.raise(Evidence() << why << ": " << in.name << "=" << in.value);
}

}  // namespace

extern const Threat path_traversal_threat;
const Threat path_traversal_threat = {
    .name = "path-traversal",
    .severity = Severity::high,
    .action = ThreatAction::deny,
    .means = "a request's path or parameter climbs out of the directory that an application serves",
    .evidence = "the path or parameter, decoded",
    .live = "paths and parameters of the first 64 KiB of requests on a connection",
    .input = input,
};

}  // namespace vmoat
