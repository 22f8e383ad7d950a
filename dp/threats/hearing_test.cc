#include "threats/hearing.h"

#include <doctest/doctest.h>

namespace vmoat {

namespace {

std::string percent_encoded(std::string_view text) {
  constexpr std::string_view plain = "-_.~";
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string encoded;
  for (char c : text) {
    const bool word = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (word || plain.find(c) != plain.npos) {
      encoded += c;
    } else {
      const auto byte = static_cast<uint8_t>(c);
      encoded += {'%', digits[byte >> 4], digits[byte & 15]};
    }
  }
  return encoded;
}

}  // namespace

const Threat& threat(std::string_view name) {
  for (const Threat& t : threats())
    if (t.name == name) return t;
  FAIL("no threat ", name);
  return threats()[0];
}

Hearing::Hearing(std::string_view name)
    : threat_(threat(name)), tallies_(SipHash(1, 2)), owners_(SipHash(1, 2)) {
  who.flow = 1;
  who.proto = IPPROTO_TCP;
}

size_t alarms(std::string_view name, std::string_view application, const std::vector<Said>& conversation) {
  Hearing hearing(name);
  say(application, conversation, hearing);
  return hearing.evidence.size();
}

void check_raised(std::string_view name, std::string_view application,
                  const std::vector<Said>& conversation) {
  size_t longest = 0;
  for (const Said& said : conversation) longest = std::max(longest, said.bytes.size());
  CHECK_MESSAGE(alarms(name, application, conversation) > 0, conversation[0].bytes);
  size_t missed = 0;
  for (size_t at = 1; at < longest; at++) {
    Hearing hearing(name);
    say(application, conversation, hearing, SIZE_MAX, at);
    missed += hearing.evidence.empty() ? 1 : 0;
  }
  Hearing bytes(name);
  say(application, conversation, bytes, 1);
  CHECK_MESSAGE(missed + (bytes.evidence.empty() ? 1 : 0) == 0, conversation[0].bytes);
}

void check_silent(std::string_view application, const std::vector<Said>& conversation) {
  for (const Threat& t : threats()) {
    Hearing hearing(t.name);
    say(application, conversation, hearing);
    CHECK_MESSAGE(hearing.evidence.empty(), t.name, ": ", conversation[0].bytes);
  }
}

std::string get_with(std::string_view value) {
  return "GET /page?id=" + percent_encoded(value) +
         "&lang=en HTTP/1.1\r\nHost: shop\r\nUser-Agent: Mozilla/5.0 (X11)\r\n\r\n";
}

std::string post_with(std::string_view value) {
  const std::string body = "name=x&text=" + percent_encoded(value);
  return "POST /form HTTP/1.1\r\nHost: shop\r\nContent-Type: "
         "application/x-www-form-urlencoded\r\nContent-Length: " +
         std::to_string(body.size()) + "\r\n\r\n" + body;
}

}  // namespace vmoat
