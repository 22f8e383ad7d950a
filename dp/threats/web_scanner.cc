// Web scanner: a request whose User-Agent names a tool that looks for holes in web servers. Most bear their
// name unless told otherwise; whoever hides it is seen by what else it does.
#include "apps/text.h"
#include "threats/content/messages.h"
#include "threats/evidence.h"
#include "threats/threat.h"

namespace vmoat {
namespace {

/** A tool's name, in lower case, and how its User-Agent goes on: nothing stands for a version. */
struct Tool {
  std::string_view name, rest;
};

constexpr Tool tools[] = {{"arachni", ""},
                          {"commix", ""},
                          {"dirbuster", ""},
                          {"feroxbuster", ""},
                          {"fuzz", " faster u fool"},
                          {"gobuster", ""},
                          {"masscan", ""},
                          {"nikto", ""},
                          {"nmap", " scripting engine"},
                          {"openvas", "-vt"},
                          {"projectdiscovery", "/nuclei"},
                          {"sqlmap", ""},
                          {"w3af", ".org"},
                          {"wfuzz", ""},
                          {"whatweb", ""},
                          {"wpscan", ""},
                          {"zgrab", ""}};

/** A bit for each letter that a name begins with: most words are left at once. */
constexpr uint32_t initials = [] {
  uint32_t bits = 0;
  for (const Tool& tool : tools) bits |= 1u << (tool.name[0] & 31);
  return bits;
}();

bool is_word(char c) {
  return is_letter(c) || is_digit(c) || c == '_';
}

/** "/1.0", "-1.0", " v1.0", "/v1.0" (RFC 9110, 10.1.5, and what tools make of it). */
bool is_version(std::string_view text) {
  if (text.size() < 2) return false;
  const bool letter = lower(text[1]) == 'v' && text.size() > 2;
  if (text[0] == ' ' && !letter) return false;
  return (text[0] == '/' || text[0] == '-' || text[0] == ' ') && is_digit(text[letter ? 2 : 1]);
}

/** A product stands at the beginning, behind a blank or in a comment; elsewhere it is part of an address. */
bool begins_product(char before) {
  return before == ' ' || before == '(' || before == ';' || before == '[';
}

bool is_tool(std::string_view word, char before, std::string_view rest) {
  if ((initials >> (lower(word[0]) & 31) & 1) == 0) return false;
  for (const Tool& tool : tools) {
    if (!same_letters(word, tool.name)) continue;
    if (tool.rest.empty()) return begins_product(before) && is_version(rest);
    return same_letters(rest.substr(0, tool.rest.size()), tool.rest);
  }
  return false;
}

bool names_tool(std::string_view agent) {
  for (size_t at = 0; at < agent.size();) {
    size_t end = at;
    while (end < agent.size() && is_word(agent[end])) end++;
    const char before = at == 0 ? ' ' : agent[at - 1];
    if (end > at && is_tool(agent.substr(at, end - at), before, agent.substr(end))) return true;
    at = end + 1;
  }
  return false;
}

void http(const HttpHead& head, Alarm& alarm) {
  constexpr size_t looked_at_bytes = 512;
  if (names_tool(head.agent.substr(0, looked_at_bytes))) alarm.raise(Evidence() << head.agent);
}

}  // namespace

extern const Threat web_scanner_threat;
const Threat web_scanner_threat = {
    .name = "web-scanner",
    .severity = Severity::medium,
    .action = ThreatAction::alert,
    .means =
        "a request's User-Agent is that of a tool which looks for holes in web servers: Nikto, sqlmap, "
        "Nmap's "
        "scripts, masscan, zgrab, Gobuster, DirBuster, feroxbuster, ffuf, Wfuzz, WPScan, Nuclei, OpenVAS and "
        "others; one that gives itself another name is not seen by it",
    .evidence = "the User-Agent",
    .live = "heads of the first 64 KiB of requests on a connection",
    .http = http,
};

}  // namespace vmoat
