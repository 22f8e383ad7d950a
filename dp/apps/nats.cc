// nats: the NATS client protocol (docs.nats.io, "Client Protocol"): the server's INFO, the client's CONNECT,
// in JSON; mid-stream a message whose length is that of its payload.
#include "apps/sides.h"
#include "apps/text.h"

namespace vmoat {
namespace {

constexpr uint16_t ports[] = {4222};
constexpr std::string_view infos[] = {"INFO {"};
constexpr std::string_view connects[] = {"CONNECT {"};

/** "PUB subject 5" or "MSG subject 1 5", then as many bytes and CRLF. */
bool is_message(std::string_view text) {
  const Line line = take_line(text);
  std::string_view words = line.text;
  const std::string_view verb = take_until(words, ' ');
  if (!line.complete || (verb != "PUB" && verb != "MSG") || !is_text(words)) return false;
  const size_t last = words.rfind(' ');
  if (last == words.npos) return false;
  words.remove_prefix(last + 1);
  const int64_t length = take_number(words, 9);
  return length >= 0 && words.empty() &&
         text.substr(std::min<size_t>(static_cast<size_t>(length), text.size())).starts_with("\r\n");
}

/** "user":"name" of CONNECT; a name with an escape in it is left out. */
void note_user(std::string_view text, Findings& findings) {
  constexpr std::string_view key = "\"user\":\"";
  const std::string_view line = take_line(text).text;
  const size_t at = line.find(key);
  if (at == line.npos) return;
  const std::string_view rest = line.substr(at + key.size());
  const size_t end = rest.find_first_of("\"\\");
  if (end != rest.npos && rest[end] == '"' && is_text(rest.substr(0, end)))
    findings.fact(Fact::nats_user, rest.substr(0, end));
}

Claim judge(Bytes client, Bytes server, const Opening& opening, Findings& findings) {
  if (opening.midstream && (is_message(as_text(client)) || is_message(as_text(server)))) return Claim::sure;
  const Claim info = begins_with_any(server, infos), connect = begins_with_any(client, connects);
  if (info == Claim::no || connect == Claim::no) return Claim::no;
  if (connect == Claim::sure) note_user(as_text(client), findings);
  if (info == Claim::sure && connect != Claim::sure) findings.unfinished();
  return std::max(info, connect);
}

Claim recognise(const Opening& opening, Findings& findings) {
  return either_way(opening, findings, judge);
}

}  // namespace

extern const Application nats_application;
const Application nats_application{"nats", over_tcp, ports, recognise};

}  // namespace vmoat
