// redis: RESP 2 and 3 (redis.io, "Redis serialization protocol specification") and inline commands.
// A command array is unmistakable; an inline command counts with the answer to it, for POP3 and NATS look
// alike.
#include <array>

#include "apps/sides.h"
#include "apps/text.h"

namespace vmoat {
namespace {

constexpr uint16_t ports[] = {6379, 6380, 26379, 16379};
constexpr size_t command_bytes_max = 32;

/** Words that clients open with; they also tell the client's side where nobody saw the SYN. */
constexpr std::string_view words[] = {
    "ping",    "info",     "auth",    "hello",    "select",  "echo",  "get",     "set",       "keys",
    "config",  "del",      "command", "client",   "dbsize",  "scan",  "monitor", "subscribe", "psubscribe",
    "sync",    "psync",    "incr",    "replconf", "cluster", "role",  "exists",  "expire",    "ttl",
    "type",    "lpush",    "rpush",   "lrange",   "hset",    "hget",  "hgetall", "sadd",      "smembers",
    "zadd",    "mget",     "mset",    "eval",     "evalsha", "multi", "exec",    "slowlog",   "flushall",
    "flushdb", "publish",  "unlink",  "time",     "script",  "xadd",  "xread",   "setex",     "hmset",
    "hmget",   "sentinel", "asking",  "readonly", "module",  "acl"};

bool is_word(std::string_view text) {
  return std::any_of(std::begin(words), std::end(words), [&](auto word) { return same_letters(word, text); });
}

/** "<number>\r\n" of at most nine digits at the front; -1 while incomplete, -2 when it cannot be. */
int64_t take_count(std::string_view& text) {
  std::string_view rest = text;
  const int64_t value = take_number(rest, 9);
  if (value < 0) return rest.empty() ? -1 : -2;
  if (rest.size() < 2) return rest.empty() || rest == "\r" ? -1 : -2;
  if (!rest.starts_with("\r\n")) return -2;
  text = rest.substr(2);
  return value;
}

struct Command {
  Claim claim = Claim::more;
  std::string_view word;
};

Command failed(int64_t count) {
  return {count == -1 ? Claim::more : Claim::no, {}};
}

/** "*N\r\n$L\r\nWORD\r\n": an array of bulk strings whose first is a command's name. */
Command read_array(std::string_view text) {
  text.remove_prefix(1);
  const int64_t items = take_count(text);
  if (items < 0) return failed(items);
  if (items == 0 || items > 1 << 20) return {Claim::no, {}};
  if (text.empty()) return {};
  if (text[0] != '$') return {Claim::no, {}};
  text.remove_prefix(1);
  const int64_t length = take_count(text);
  if (length < 0) return failed(length);
  if (length == 0 || length > static_cast<int64_t>(command_bytes_max)) return {Claim::no, {}};
  const std::string_view word = text.substr(0, static_cast<size_t>(length));
  if (word.empty()) return {};
  if (!is_letter(word[0]) || !is_text(word)) return {Claim::no, {}};
  const std::string_view end = text.substr(word.size()).substr(0, 2);
  if (end != std::string_view("\r\n").substr(0, end.size())) return {Claim::no, {}};
  return {end.size() == 2 ? Claim::sure : Claim::more, word};
}

/** "WORD arguments\r\n" with a known word: a guess until the server answers in RESP. */
Command read_inline(std::string_view text) {
  const Line line = take_line(text);
  std::string_view rest = line.text;
  const std::string_view word = take_until(rest, ' ');
  if (!is_text(line.text) || word.size() > command_bytes_max) return {Claim::no, {}};
  for (char c : word)
    if (!is_letter(c)) return {Claim::no, {}};
  if (!line.complete) return {};
  return {is_word(word) ? Claim::guess : Claim::no, word};
}

Command read_command(Bytes bytes) {
  const std::string_view text = as_text(bytes);
  if (text.empty()) return {};
  return text[0] == '*' ? read_array(text) : read_inline(text);
}

/** Errors that only a Redis server words so. */
constexpr std::string_view own_errors[] = {"NOAUTH ",    "DENIED Redis ",   "WRONGPASS ",
                                           "WRONGTYPE ", "ERR unknown com", "ERR wrong number",
                                           "NOPERM ",    "MOVED ",          "LOADING Redis "};

/** A reply "$L" whose bytes end with CRLF where it says, or an array of several that begins with one. */
bool is_bulk_reply(std::string_view text) {
  if (text.starts_with('*')) {
    text.remove_prefix(1);
    if (take_count(text) < 2) return false;
  }
  if (!text.starts_with('$')) return false;
  text.remove_prefix(1);
  const int64_t length = take_count(text);
  return length > 0 && text.size() >= static_cast<size_t>(length) + 2 &&
         text.substr(static_cast<size_t>(length), 2) == "\r\n";
}

/** First reply: `sure` when nobody else says so, `guess` when it has the form. */
Claim read_reply(Bytes bytes) {
  std::string_view text = as_text(bytes);
  if (text.empty()) return Claim::more;
  if (std::string_view("+-:$*%~_#,(>=!|").find(text[0]) == text.npos) return Claim::no;
  const Line line = take_line(text);
  const std::string_view body = line.text.substr(1);
  if (!is_text(body)) return Claim::no;
  const bool counted = std::string_view("+-_#,(").find(line.text[0]) == line.text.npos;
  for (char c : body)
    if (counted && !is_digit(c) && c != '-' && c != '+') return Claim::no;
  if (!line.complete) return Claim::more;
  if (line.text == "+PONG" || is_bulk_reply(as_text(bytes))) return Claim::sure;
  for (std::string_view error : own_errors)
    if (line.text[0] == '-' && body.starts_with(error)) return Claim::sure;
  return Claim::guess;
}

/** "+OK" and "-ERR" are POP3's words, too: with AUTH they prove nothing. */
Claim weigh(const Command& command, Claim reply, bool plain_reply) {
  if (command.claim == Claim::sure || reply == Claim::sure) return Claim::sure;
  if (reply != Claim::guess || command.claim != Claim::guess) return std::min(command.claim, Claim::more);
  return plain_reply && same_letters(command.word, "auth") ? Claim::guess : Claim::sure;
}

/** AUTH with two words, the first of which is the user (Redis 6 on). */
void note_user(std::string_view text, Findings& findings) {
  constexpr std::string_view auth = "*3\r\n$4\r\nAUTH\r\n$";
  if (text.size() < auth.size() || !same_letters(text.substr(0, auth.size()), auth)) return;
  text.remove_prefix(auth.size());
  const int64_t length = take_number(text, 3);
  take_line(text);
  const std::string_view user = text.substr(0, static_cast<size_t>(std::max<int64_t>(0, length)));
  if (!user.empty() && is_text(user)) findings.fact(Fact::redis_user, user);
}

void note(const Command& command, std::string_view reply, Findings& findings) {
  std::array<char, command_bytes_max> upper;
  for (size_t i = 0; i < command.word.size(); i++)
    upper[i] = static_cast<char>(is_letter(command.word[i]) ? command.word[i] & ~0x20 : command.word[i]);
  if (!command.word.empty()) findings.fact(Fact::redis_command, {upper.data(), command.word.size()});
  constexpr std::string_view key = "redis_version:";
  const size_t at = reply.find(key);
  if (at == reply.npos) return;
  std::string_view version = reply.substr(at + key.size());
  const Line line = take_line(version);
  if (line.complete) findings.fact(Fact::redis_server, line.text);
}

Claim judge(Bytes client, Bytes server, const Opening& opening, Findings& findings) {
  const Command command = read_command(client);
  const Claim reply = read_reply(server);
  const bool anywhere = opening.midstream && command.claim == Claim::sure;  // a reply may begin in its middle
  if (command.claim == Claim::no || (reply == Claim::no && !anywhere)) return Claim::no;
  const bool plain_reply = !server.empty() && (server[0] == '+' || server[0] == '-');
  const bool chatty = begins(server, "+OK ") == Claim::sure;  // POP3 says more than "+OK"
  if (chatty && same_letters(command.word, "auth")) return Claim::no;
  const Claim claim = weigh(command, reply, plain_reply);
  if (claim < Claim::guess) return claim;
  note(command, as_text(server), findings);
  note_user(as_text(client), findings);
  if (server.empty()) findings.unfinished();
  return claim;
}

/** Both sides may speak in arrays: a master writes commands to its replica, a channel pushes messages. */
Claim recognise(const Opening& opening, Findings& findings) {
  const Command command = read_command(opening.client), other = read_command(opening.server);
  const bool push = opening.client.empty() && !opening.direction_seen && !is_word(other.word);
  if (other.claim != Claim::sure || (command.claim != Claim::sure && !push))
    return either_way(opening, findings, judge);
  note(command, {}, findings);
  return Claim::sure;
}

}  // namespace

extern const Application redis_application;
const Application redis_application{"redis", over_tcp, ports, recognise};

}  // namespace vmoat
