// Log4Shell (CVE-2021-44228): a text that Log4j 2 would look up by JNDI when it logs it. Its lookups nest and
// hide one another (${${lower:j}ndi:…}, ${${::-j}…}), so they are resolved here as Log4j resolves them.
#include "apps/text.h"
#include "threats/content/messages.h"
#include "threats/evidence.h"
#include "threats/threat.h"

namespace vmoat {
namespace {

constexpr size_t resolved_bytes_max = 4096;
constexpr size_t depth_max = 32;

/** What has been resolved so far; "${" opens a lookup, "}" replaces it by its value. One pass. */
class Lookups {
 public:
  /** Whether a JNDI lookup is made, also where the text ends within it. */
  bool resolve(std::string_view text);

 private:
  [[nodiscard]] std::string_view innermost() const {
    return {text_.data() + open_[depth_ - 1], size_ - open_[depth_ - 1]};
  }
  void put(char c) {
    if (size_ < text_.size()) text_[size_++] = c;
  }
  void close();

  std::array<char, resolved_bytes_max> text_;
  size_t size_ = 0;
  std::array<size_t, depth_max> open_;
  size_t depth_ = 0;
};

bool is_jndi(std::string_view lookup) {
  if (find_letters(lookup.substr(0, 5), "jndi:") != 0) return false;
  lookup.remove_prefix(5);
  const std::string_view scheme = lookup.substr(0, lookup.find(':'));
  if (scheme.size() == lookup.size()) return lookup.find('/') != lookup.npos;
  for (char c : scheme)
    if (!is_letter(c)) return lookup.find("//") != lookup.npos;
  return true;
}

/** A dotless i in capitals is I (U+0131), a long s is S (U+017F): both have been used. */
size_t to_upper(std::string_view from, char* to) {
  size_t size = 0;
  for (size_t i = 0; i < from.size(); i++) {
    const bool pair = i + 1 < from.size();
    if (pair && from.substr(i, 2) == "\xc4\xb1")
      to[size++] = 'I', i++;
    else if (pair && from.substr(i, 2) == "\xc5\xbf")
      to[size++] = 'S', i++;
    else
      to[size++] = from[i];
  }
  return size;
}

/** The innermost lookup is replaced by its value: lower, upper, date, and the default of whatever is unknown.
 */
void Lookups::close() {
  const size_t start = open_[--depth_];
  const std::string_view lookup(text_.data() + start, size_ - start);
  const bool cased =
      find_letters(lookup.substr(0, 6), "lower:") == 0 || find_letters(lookup.substr(0, 6), "upper:") == 0;
  std::string_view value;
  if (cased) {
    size_ = start + to_upper(lookup.substr(6), text_.data() + start);
    return;
  }
  if (const size_t by_default = lookup.find(":-"); by_default != lookup.npos) {
    value = lookup.substr(by_default + 2);
  } else if (find_letters(lookup.substr(0, 5), "date:") == 0) {
    value = lookup.substr(5);
    if (value.starts_with('\'')) value = value.substr(1, value.size() >= 2 ? value.size() - 2 : 0);
  }
  if (!value.empty()) std::memmove(text_.data() + start, value.data(), value.size());
  size_ = start + value.size();
}

bool Lookups::resolve(std::string_view text) {
  for (size_t at = 0; at < text.size(); at++) {
    if (text.substr(at, 2) == "${" && depth_ < depth_max) {
      open_[depth_++] = size_;
      at++;
    } else if (text[at] == '}' && depth_ > 0) {
      if (is_jndi(innermost())) return true;
      close();
    } else {
      put(text[at]);
    }
  }
  for (; depth_ > 0; depth_--)
    if (is_jndi(innermost())) return true;
  return false;
}

void input(const HttpInput& in, Alarm& alarm) {
  for (std::string_view text : {in.value, in.name}) {
    const size_t at = text.find("${");
    if (at == text.npos || !Lookups().resolve(text.substr(at))) continue;
    return alarm.raise(Evidence() << "a JNDI lookup in " << in.name << ": " << text.substr(at));
  }
}

}  // namespace

extern const Threat log4shell_threat;
const Threat log4shell_threat = {
    .name = "log4shell",
    .severity = Severity::critical,
    .action = ThreatAction::deny,
    .means =
        "a request holds a text that Log4j 2 would look up by JNDI (CVE-2021-44228), also hidden in lookups",
    .evidence = "the header field or parameter, as sent",
    .live = "heads and parameters of the first 64 KiB of requests on a connection",
    .input = input,
};

}  // namespace vmoat
