// The splitter of HTTP/1 (RFC 9112): heads, and what bodies of requests put into an application. A head or a
// body that is longer than the window comes in parts which overlap, so that nothing hides at their border.
#include "apps/text.h"
#include "threats/content/chunks.h"
#include "threats/content/decode.h"
#include "threats/content/inputs.h"

namespace vmoat {
namespace {

constexpr size_t overlap_bytes = 256;
constexpr uint32_t left_max = UINT32_MAX;

enum class Phase : uint8_t { head, target, fields, body, chunks, trailer };

enum Flags : uint8_t {
  asked_head = 1,        // the request was HEAD: its answer has no body
  asked_with_login = 2,  // it bore Basic or Digest credentials
  body_is_watched = 4,
};

/** What is remembered of one direction. */
struct Way {
  uint32_t left = 0;  // bytes of the body or chunk still to come; in a head the first Content-Length
  uint16_t searched = 0;
  Phase phase = Phase::head;
  uint8_t framing = 0;
  uint8_t flags = 0;
  BodyKind kind = BodyKind::form;
};
struct Memory {
  Way way[2];  // 0 the client's
};

/** Fields of one part that say where the body ends. */
struct Framing {
  std::array<HttpField, 8> fields;
  size_t count = 0;
};

/** One call of split(): the bytes that are left of it, and the direction they belong to. */
class HttpReader {
 public:
  HttpReader(const Content& content, Memory& memory, ContentSink& sink)
      : content_(content),
        memory_(memory),
        way_(memory.way[content.from_client ? 0 : 1]),
        sink_(sink),
        text_(as_text(content.data)) {}

  size_t run();

 private:
  [[nodiscard]] bool client() const { return content_.from_client; }
  [[nodiscard]] bool must_take() const { return content_.cut || text_.size() >= content_window_bytes; }
  size_t step();
  size_t read_head();
  size_t read_target_rest();
  size_t read_body();
  size_t read_chunks();
  size_t pass_chunks();
  size_t head_end();
  void give_head(std::string_view part, bool whole);
  void first_line(std::string_view line, HttpHead& head);
  void note_field(const HttpField& field);
  void note_length(std::string_view value);
  void note_coding(const HttpField& field, bool name_obscured);
  void read_field(std::string_view line, bool bare_lf, Framing& framing);
  void give_field(std::string_view line);
  size_t end_head();
  void answer(uint16_t status);
  void begin(Phase phase);

  const Content& content_;
  Memory& memory_;
  Way& way_;
  ContentSink& sink_;
  std::string_view text_;
  uint16_t status_ = 0;
  bool over_ = false;
};

size_t HttpReader::run() {
  size_t taken = 0;
  while (!text_.empty()) {
    const size_t size = step();
    if (over_) return content_done;
    if (size == 0) break;
    taken += size;
    text_.remove_prefix(std::min(size, text_.size()));
  }
  return taken;
}

size_t HttpReader::step() {
  switch (way_.phase) {
    case Phase::head:
    case Phase::fields:
    case Phase::trailer:
      return read_head();
    case Phase::target:
      return read_target_rest();
    case Phase::body:
      return read_body();
    case Phase::chunks:
      return (way_.flags & body_is_watched) != 0 ? read_chunks() : pass_chunks();
  }
  return over_ = true, 0;
}

void HttpReader::begin(Phase phase) {
  way_.phase = phase;
  way_.searched = 0;
  if (phase != Phase::head) return;
  way_.left = way_.framing = 0;
  way_.kind = BodyKind::form;
  way_.flags &= static_cast<uint8_t>(~body_is_watched);
}

/** Whether the text may be the beginning of a request or status line. */
bool may_be_head(std::string_view text, bool request) {
  if (!request) {
    constexpr std::string_view wanted = "HTTP/1.";
    return text.starts_with(wanted.substr(0, text.size()));
  }
  const size_t end = text.substr(0, 32).find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ-_");
  return end == text.npos ? text.size() < 32 : end > 0 && text[end] == ' ';
}

/** Behind the empty line that ends the head; 0 while it has not come. Goes on where it left off. */
size_t HttpReader::head_end() {
  for (size_t at = way_.searched;;) {
    const size_t line = text_.find('\n', at);
    if (line == text_.npos) break;
    way_.searched = static_cast<uint16_t>(std::min<size_t>(line, UINT16_MAX));
    const std::string_view next = text_.substr(line + 1, 2);
    if (next.starts_with('\n')) return line + 2;
    if (next == "\r\n") return line + 3;
    if (next.empty() || next == "\r") return 0;
    at = line + 1;
  }
  return 0;
}

size_t HttpReader::read_head() {
  if (way_.phase == Phase::head) {
    const size_t blank = std::min(text_.find_first_not_of("\r\n"), text_.size());  // RFC 9112, 2.2
    if (blank > 0) return blank;
    if (!may_be_head(text_, client())) return over_ = true, 0;
  }
  const bool at_end = way_.phase != Phase::head && way_.searched == 0 &&
                      (text_.starts_with('\n') || text_.starts_with("\r\n"));
  const size_t end = at_end ? (text_[0] == '\n' ? 1 : 2) : head_end();
  if (end != 0) {
    give_head(text_.substr(0, end), true);
    return end + end_head();
  }
  if (client() && way_.phase == Phase::head && content_.waited_s > 0) sink_.http_slow({content_.waited_s});
  if (!must_take()) return 0;
  const size_t line = text_.rfind('\n');
  if (line != text_.npos) {
    const size_t size = content_.cut ? text_.size() : line + 1;
    give_head(text_.substr(0, size), false);
    if (way_.phase == Phase::head) way_.phase = Phase::fields;
    way_.searched = 0;
    return size;
  }
  give_head(text_, false);
  if (content_.cut) return text_.size();
  const bool in_target = way_.phase == Phase::head;
  way_.phase = in_target ? Phase::target : way_.phase;
  way_.searched = 0;
  return text_.size() - overlap_bytes;
}

/** A request line that is longer than the window: the rest of its target. */
size_t HttpReader::read_target_rest() {
  const size_t line = text_.find('\n');
  if (line == text_.npos && !must_take()) return 0;
  inputs_of_query(text_.substr(0, line), HttpWhere::query, sink_);
  if (line == text_.npos) return content_.cut ? text_.size() : text_.size() - overlap_bytes;
  way_.phase = Phase::fields;
  return line + 1;
}

void HttpReader::first_line(std::string_view line, HttpHead& head) {
  head.first = true;
  if (!head.request) {
    head.status = static_cast<uint16_t>(line.size() >= 12 && is_digit(line[9]) && is_digit(line[10]) &&
                                                is_digit(line[11])
                                            ? (line[9] - '0') * 100 + (line[10] - '0') * 10 + (line[11] - '0')
                                            : 0);
    status_ = head.status;
    return;
  }
  head.method = take_until(line, ' ');
  const size_t version = line.rfind(" HTTP/");
  head.target = line.substr(0, version);
  way_.flags = head.method == "HEAD" ? asked_head : 0;
}

/** Content-Length: digits and nothing else (RFC 9110, 8.6); equal ones may be repeated. */
void HttpReader::note_length(std::string_view value) {
  const size_t digits = std::min(value.find_first_not_of("0123456789"), value.size());
  if (value.starts_with('-') && value.size() > 1 && is_digit(value[1])) {
    way_.framing |= length_negative;
  } else if (digits == 0 || digits < value.size()) {
    way_.framing |= length_malformed;
  }
  uint64_t length = 0;
  const std::string_view number = value.substr(0, digits);
  for (char c : number) {
    const auto digit = static_cast<uint64_t>(c - '0');
    if (length > (uint64_t{INT64_MAX} - digit) / 10) {
      way_.framing |= length_negative;
      break;
    }
    length = length * 10 + digit;
  }
  const auto kept = static_cast<uint32_t>(std::min<uint64_t>(length, left_max));
  if ((way_.framing & has_length) != 0 && kept != way_.left) way_.framing |= lengths_differ;
  way_.framing |= has_length;
  way_.left = kept;
}

bool is_coding(std::string_view word) {
  for (std::string_view known :
       {"chunked", "gzip", "x-gzip", "deflate", "compress", "x-compress", "identity", "br", "zstd"})
    if (same_letters(word, known)) return true;
  return false;
}

/** Transfer-Encoding: a list of codings, chunked the last (RFC 9112, 6.1). One that speaks of chunks and is
 * no such list is read by some servers and not by others. */
void HttpReader::note_coding(const HttpField& field, bool name_obscured) {
  bool known = !field.folded, chunked = false;
  for (std::string_view rest = field.value; !rest.empty();) {
    const std::string_view word = trim(take_until(rest, ','));
    known = known && is_coding(word.substr(0, word.find(';')));
    chunked = same_letters(word, "chunked");
  }
  const bool speaks_of_chunks = find_letters(field.value, "chunk") != field.value.npos;
  const bool twice = (way_.framing & has_coding) != 0 && ((way_.framing & is_chunked) != 0) != chunked;
  if ((speaks_of_chunks && (!known || !chunked || name_obscured)) || twice) way_.framing |= coding_obscured;
  way_.framing |= has_coding;
  if (chunked) way_.framing |= is_chunked;
}

void HttpReader::note_field(const HttpField& field) {
  const std::string_view name = trim(field.name);
  const bool blank = name.size() != field.name.size();
  switch (name.size()) {
    case 12:
      if (client() && same_letters(name, "content-type")) way_.kind = body_kind(field.value);
      return;
    case 13:
      if (client() && same_letters(name, "authorization") &&
          (find_letters(field.value.substr(0, 7), "basic ") == 0 ||
           find_letters(field.value.substr(0, 7), "digest ") == 0))
        way_.flags |= asked_with_login;
      return;
    case 14:
      if (same_letters(name, "content-length")) note_length(field.value);
      return;
    case 17:
      if (find_letters(name, "transfer") == 0 && find_letters(name, "encoding") == 9)
        note_coding(field, blank || field.bare_lf || name[8] != '-');
      return;
    default:
      return;
  }
}

/** What of a field is of interest here: where the body ends, what it is, cookies and credentials. Their names
 * begin with one of three letters, so that most lines are left at once. */
bool may_matter(std::string_view line) {
  const char first = lower(line[0]);
  const bool authorization = first == 'a' && line.size() > 1 && lower(line[1]) == 'u';
  return first == 'c' || first == 't' || authorization || first == ' ' || first == '\t';
}

bool is_framing(std::string_view name) {
  return same_letters(name, "content-length") ||
         (name.size() == 17 && find_letters(name.substr(0, 8), "transfer") == 0);
}

/** One line of a head; fields that say where the body ends are kept for the sink. */
void HttpReader::read_field(std::string_view line, bool bare_lf, Framing& framing) {
  const bool folded = line[0] == ' ' || line[0] == '\t';
  std::string_view value = line;
  const bool named = !folded && value.find(':') != value.npos;
  const std::string_view name = named ? take_until(value, ':') : std::string_view{};
  const HttpField field = {name, trim(value), folded, bare_lf};
  if (is_framing(trim(name)) || (folded && framing.count > 0)) {
    if (framing.count < framing.fields.size()) framing.fields[framing.count++] = field;
  }
  if (way_.phase != Phase::trailer) note_field(field);
  // A coding that stands on the next line (RFC 9112, 5.2) is read by those that unfold.
  if (folded && (way_.framing & has_coding) != 0 && find_letters(field.value, "chunk") == 0)
    way_.framing |= coding_obscured;
  if (client() && same_letters(name, "cookie")) inputs_of_cookies(field.value, sink_);
}

/** Its value, where the line is that field; few others begin with its letter. */
std::string_view agent_of(std::string_view line) {
  constexpr std::string_view name = "user-agent:";
  const bool agent = lower(line[0]) == name[0] && same_letters(line.substr(0, name.size()), name);
  return agent ? trim(line.substr(name.size())) : std::string_view{};
}

/** Hands a part of a head to the sink, and a request's inputs. */
void HttpReader::give_head(std::string_view part, bool whole) {
  HttpHead head{.request = client(), .whole = whole};
  const std::string_view all = part;
  if (way_.phase == Phase::head) first_line(take_line(part).text, head);
  if (client() && head.first) inputs_of_target(head.target, sink_);
  const bool marked = client() && has_field_marks(part);
  const bool lone_lf = all.find("\r\n") == all.npos;  // a whole head of them is only plain
  Framing framing;
  while (!part.empty()) {
    const size_t end = part.find('\n');
    std::string_view line = part.substr(0, end);
    part.remove_prefix(end == part.npos ? part.size() : end + 1);
    const bool bare_lf = end != part.npos && !lone_lf && !line.ends_with('\r');
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty()) break;
    if (may_matter(line)) read_field(line, bare_lf, framing);
    if (client() && head.agent.empty()) head.agent = agent_of(line);
    if (marked) give_field(line);
  }
  head.framing = way_.framing;
  head.fields = {framing.fields.data(), framing.count};
  sink_.http(head);
}

/** A field as an input, where characters stand in it that code is written with. */
void HttpReader::give_field(std::string_view line) {
  std::string_view value = line;
  const bool named = line[0] != ' ' && line[0] != '\t' && line.find(':') != line.npos;
  const std::string_view name = named ? take_until(value, ':') : std::string_view{};
  if (!same_letters(name, "cookie")) input_of_field(name, trim(value), sink_);
}

/** An answer's body: how it ends, and what its status says. */
void HttpReader::answer(uint16_t status) {
  const uint8_t asked = memory_.way[0].flags;
  const bool refused = status == 401 || status == 407;
  if (refused && (asked & asked_with_login) != 0)
    sink_.login({.application = "http",
                 .reason = status == 401 ? "401 Unauthorized" : "407 Proxy Authentication Required"});
  if (status == 101) over_ = true;
  const bool bodiless =
      (status != 0 && status < 200) || status == 204 || status == 304 || (asked & asked_head) != 0;
  if (bodiless) return begin(Phase::head);
  if ((way_.framing & (is_chunked | has_length)) == 0) over_ = true;  // it ends with the connection
}

/** The head has ended; returns how much of the body can be passed over. */
size_t HttpReader::end_head() {
  if (way_.phase == Phase::trailer) return begin(Phase::head), 0;
  if (client()) {
    const bool watched = way_.kind != BodyKind::other;
    way_.flags = static_cast<uint8_t>((way_.flags & ~body_is_watched) | (watched ? body_is_watched : 0));
  } else {
    answer(status_);
    if (over_) return 0;
  }
  if ((way_.framing & is_chunked) != 0) {
    way_.left = 0;
    return begin(Phase::chunks), 0;
  }
  const uint32_t left = way_.left;
  if ((way_.framing & has_length) == 0 || left == 0 || (way_.framing & length_negative) != 0)
    return begin(Phase::head), 0;
  if (left == left_max) return over_ = true, 0;
  if (client() && (way_.flags & body_is_watched) != 0) {
    begin(Phase::body);
    return 0;
  }
  begin(Phase::head);
  return left;
}

size_t HttpReader::read_body() {
  const size_t here = std::min<size_t>({way_.left, text_.size(), content_window_bytes});
  const bool last = here == way_.left;
  if (!last && !must_take()) return 0;
  inputs_of_body(text_.substr(0, here), way_.kind, sink_);
  if (last) return begin(Phase::head), here;
  const size_t taken = content_.cut || here <= overlap_bytes ? here : here - overlap_bytes;
  way_.left -= static_cast<uint32_t>(taken);
  return taken;
}

/** Chunks of a body that nobody looks into. */
size_t HttpReader::pass_chunks() {
  if (const size_t blank = line_end(text_); blank != 0) return blank;
  if (text_ == "\r") return 0;
  const ChunkLine chunk = read_chunk_line(text_);
  if (chunk.wrong) return over_ = true, 0;
  if (chunk.line_bytes == 0) return 0;
  if (chunk.size == 0) way_.phase = Phase::trailer, way_.searched = 0;
  return chunk.line_bytes + chunk.size;
}

/** Collects the data of chunks until the last one or the window's end: a pattern may be cut by a chunk, too.
 */
size_t HttpReader::read_chunks() {
  std::array<char, content_window_bytes> data;
  const Chunks walk = walk_chunks(text_, way_.left, data);
  if (walk.wrong) return over_ = true, 0;
  if (!walk.last && walk.size < data.size() && !must_take()) return 0;
  inputs_of_body({data.data(), walk.size}, way_.kind, sink_);
  if (walk.last) return begin(Phase::trailer), walk.at;
  if (content_.cut) return text_.size();
  if (walk.size <= overlap_bytes) return way_.left = walk.left, walk.at;
  const Chunks before = walk_chunks(text_, way_.left, std::span(data).first(walk.size - overlap_bytes));
  way_.left = before.left;
  return before.at;
}

size_t split(const Content& content, ContentState& state, ContentSink& sink) {
  auto memory = state.as<Memory>();
  const size_t taken = HttpReader(content, memory, sink).run();
  state.keep(memory);
  return taken;
}

}  // namespace

extern const Splitter http_splitter;
const Splitter http_splitter{"http", 65536, 8192, split};

}  // namespace vmoat
