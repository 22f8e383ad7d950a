// Command injection: a parameter that ends a shell's command and begins another.
#include "apps/text.h"
#include "threats/content/messages.h"
#include "threats/evidence.h"
#include "threats/threat.h"

namespace vmoat {
namespace {

constexpr size_t value_bytes_max = 1024;

/** How sure a command's name is by itself. */
enum class Arguments : uint8_t {
  none,  // the name is enough
  any,   // with an argument that only a command has, or alone behind nothing but an address
};

struct Command {
  std::string_view name;
  Arguments needs;
};

constexpr Command commands[] = {
    {"whoami", Arguments::none},   {"uname", Arguments::any},       {"id", Arguments::any},
    {"ls", Arguments::any},        {"dir", Arguments::any},         {"cat", Arguments::any},
    {"type", Arguments::any},      {"wget", Arguments::any},        {"curl", Arguments::any},
    {"nc", Arguments::any},        {"ncat", Arguments::any},        {"bash", Arguments::any},
    {"sh", Arguments::any},        {"ping", Arguments::any},        {"sleep", Arguments::any},
    {"nslookup", Arguments::any},  {"dig", Arguments::any},         {"ifconfig", Arguments::none},
    {"ipconfig", Arguments::none}, {"netstat", Arguments::any},     {"ps", Arguments::any},
    {"rm", Arguments::any},        {"chmod", Arguments::any},       {"tftp", Arguments::any},
    {"busybox", Arguments::any},   {"python", Arguments::any},      {"python3", Arguments::any},
    {"perl", Arguments::any},      {"php", Arguments::any},         {"powershell", Arguments::any},
    {"cmd", Arguments::any},       {"cmd.exe", Arguments::none},    {"net", Arguments::any},
    {"certutil", Arguments::any},  {"systeminfo", Arguments::none}, {"echo", Arguments::any},
    {"cd", Arguments::any},        {"printenv", Arguments::none},   {"env", Arguments::any},
    {"telnet", Arguments::any},    {"tasklist", Arguments::none},   {"useradd", Arguments::any},
    {"crontab", Arguments::any},   {"mkfifo", Arguments::any},      {"base64", Arguments::any}};

bool ends_word(std::string_view text) {
  constexpr std::string_view stops = " \t;|&<>`)$\n\r'\"{";
  return text.empty() || stops.find(text[0]) != stops.npos;
}

bool ends_command(std::string_view text) {
  text = trim(text);
  constexpr std::string_view stops = ";|&<>`)#\n\r";
  return text.empty() || stops.find(text[0]) != stops.npos;
}

/** An option, a path, a variable, a URL, an address or a number of seconds: no word of prose. */
bool is_argument(std::string_view text) {
  text = trim(text);
  if (text.empty()) return false;
  const std::string_view word = text.substr(0, text.find_first_of(" \t;|&<>`)\n\r"));
  if (text.starts_with("${IFS}") || text.starts_with("$IFS") || text.starts_with("$(") ||
      text.starts_with(">"))
    return true;
  if (word[0] == '-' || word[0] == '/' || word[0] == '$' || word[0] == '~') return word.size() > 1;
  if (word.find("://") != word.npos || word.find('/') != word.npos) return true;
  size_t digits = 0, dots = 0;
  for (char c : word) digits += is_digit(c) ? 1 : 0, dots += c == '.' ? 1 : 0;
  return digits > 0 && digits + dots == word.size() && ends_command(text.substr(word.size()));
}

/** What stands before a separator is nothing, an address or a name without blanks: a lone `id` counts. */
bool is_bare(std::string_view before) {
  before = trim(before);
  if (before.empty()) return true;
  bool digit_or_dot = true;
  for (char c : before) digit_or_dot = digit_or_dot && (is_digit(c) || c == '.' || c == ':');
  return digit_or_dot;
}

/** The command at the front of `text`, after the shell's own prefixes. */
bool is_command(std::string_view text, bool bare) {
  text = trim(text);
  for (std::string_view folder : {"/usr/local/bin/", "/usr/bin/", "/usr/sbin/", "/sbin/", "/bin/"})
    if (text.starts_with(folder)) {
      text.remove_prefix(folder.size());
      const std::string_view name = text.substr(0, text.find_first_of(" \t;|&<>`)$\n\r"));
      return !name.empty();
    }
  for (const Command& command : commands) {
    if (!text.starts_with(command.name) || !ends_word(text.substr(command.name.size()))) continue;
    const std::string_view rest = text.substr(command.name.size());
    if (is_argument(rest)) return true;
    if (ends_command(rest) && (command.needs == Arguments::none || bare)) return true;
  }
  return false;
}

/** A command behind a separator, or within $(…) or backticks. */
std::string_view find_command(std::string_view value) {
  for (size_t at = value.find_first_of(";|&\n\r`$"); at != value.npos;
       at = value.find_first_of(";|&\n\r`$", at + 1)) {
    const bool substitutes = value[at] == '`' || (value[at] == '$' && value.substr(at, 2) == "$(");
    if (value[at] == '$' && !substitutes) continue;
    size_t next = at + (value[at] == '$' ? 2 : 1);
    while (next < value.size() && (value[next] == '|' || value[next] == '&')) next++;
    const std::string_view behind = value.substr(next);
    if (!is_command(behind, is_bare(value.substr(0, at)))) continue;
    if (value[at] == '`' && behind.find('`') == behind.npos) continue;
    // Within backticks prose names commands, too: `ls -l` in a text in Markdown.
    if (value[at] == '`' && value.substr(0, at).find(' ') != value.npos) continue;
    return value.substr(at);
  }
  return {};
}

void input(const HttpInput& in, Alarm& alarm) {
  if ((in.marks & (mark_separator | mark_quote | mark_dollar)) == 0 || in.value.size() > value_bytes_max)
    return;
  const bool given = in.where == HttpWhere::query || in.where == HttpWhere::form ||
                     in.where == HttpWhere::json || in.where == HttpWhere::path ||
                     in.where == HttpWhere::multipart;
  if (!given) return;
  if (const auto command = find_command(in.value); !command.empty())
    alarm.raise(Evidence() << in.name << "=" << in.value);
}

}  // namespace

extern const Threat command_injection_threat;
const Threat command_injection_threat = {
    .name = "command-injection",
    .severity = Severity::critical,
    .action = ThreatAction::deny,
    .means = "a request's parameter would end a shell's command and begin another",
    .evidence = "the parameter, decoded",
    .live = "parameters of the first 64 KiB of requests on a connection",
    .input = input,
};

}  // namespace vmoat
