#include "threats/content/inputs.h"

#include "apps/text.h"
#include "threats/content/decode.h"

namespace vmoat {
namespace {

constexpr size_t name_bytes_max = 256;
constexpr int inputs_max = 256;  // of one query or body

using NameBuffer = std::array<char, name_bytes_max>;
using ValueBuffer = std::array<char, content_window_bytes>;

void give(HttpWhere where, std::string_view name, std::string_view value, bool dots, ContentSink& sink) {
  const uint16_t marks = marks_of(value);
  const bool plain = marks == 0 && name.find('.') == name.npos && marks_of(name) == 0;
  if (plain && !value.starts_with("__")) return;  // such are PHP's own methods
  sink.input({.where = where, .marks = marks, .dots_encoded = dots, .name = name, .value = value});
}

void give_pair(HttpWhere where, std::string_view pair, bool plus, ContentSink& sink) {
  NameBuffer names;
  ValueBuffer values;
  const std::string_view name = take_until(pair, '=');
  const Decoded decoded = decode_percent(pair, plus, values);
  give(where, decode_percent(name, plus, names).text, decoded.text, decoded.dots_encoded, sink);
}

/** A JSON string (RFC 8259, 7) up to its closing quote, which `text` then stands behind. */
std::string_view take_json_string(std::string_view& text, std::span<char> buffer) {
  size_t size = 0, at = 0;
  for (; at < text.size() && text[at] != '"'; at++) {
    char c = text[at];
    if (c == '\\' && at + 1 < text.size()) {
      c = text[++at];
      if (c == 'n' || c == 'r' || c == 't') c = c == 't' ? '\t' : '\n';
      if (c == 'u' && at + 4 < text.size()) {
        int value = 0;
        for (size_t i = 1; i <= 4; i++) value = value * 16 + std::max(0, hex_digit(text[at + i]));
        c = value < 128 ? static_cast<char>(value) : '?';
        at += 4;
      }
    }
    if (size < buffer.size()) buffer[size++] = c;
  }
  text.remove_prefix(std::min(text.size(), at + 1));
  return {buffer.data(), size};
}

/** Strings of a JSON text; one before a colon names the next. */
void inputs_of_json(std::string_view text, ContentSink& sink) {
  NameBuffer names;
  ValueBuffer values;
  std::string_view name;
  for (int i = 0; i < inputs_max; i++) {
    const size_t quote = text.find('"');
    if (quote == text.npos) return;
    text.remove_prefix(quote + 1);
    const std::string_view value = take_json_string(text, values);
    const size_t next = text.find_first_not_of(" \t\r\n");
    if (next != text.npos && text[next] == ':') {
      const size_t size = value.copy(names.data(), names.size());
      name = {names.data(), size};
    } else {
      give(HttpWhere::json, name, value, false, sink);
    }
  }
}

/** Parts of a multipart body (RFC 7578): of a file only its header, which names it. */
void inputs_of_multipart(std::string_view text, ContentSink& sink) {
  for (int i = 0; i < inputs_max && !text.empty(); i++) {
    const size_t head_end = text.find("\r\n\r\n");
    const std::string_view head = text.substr(0, head_end);
    if ((marks_of(head) & (mark_dollar | mark_percent | mark_brace)) != 0)
      give(HttpWhere::multipart, "content-disposition", head, false, sink);
    if (head_end == text.npos) return;
    text.remove_prefix(head_end + 4);
    const size_t end = text.find("\r\n--");
    if (find_letters(head, "filename") == head.npos)
      give(HttpWhere::multipart, {}, text.substr(0, std::min(end, content_window_bytes)), false, sink);
    text.remove_prefix(std::min(end, text.size()));
  }
}

}  // namespace

BodyKind body_kind(std::string_view content_type) {
  if (content_type.empty() || find_letters(content_type, "urlencoded") != content_type.npos)
    return BodyKind::form;
  if (find_letters(content_type, "json") != content_type.npos) return BodyKind::json;
  if (find_letters(content_type, "xml") != content_type.npos) return BodyKind::xml;
  if (find_letters(content_type.substr(0, 10), "multipart") == 0) return BodyKind::multipart;
  return BodyKind::other;
}

void inputs_of_query(std::string_view query, HttpWhere where, ContentSink& sink) {
  for (int i = 0; i < inputs_max && !query.empty(); i++) give_pair(where, take_until(query, '&'), true, sink);
}

void inputs_of_target(std::string_view target, ContentSink& sink) {
  if (const size_t scheme = target.find("://"); scheme != target.npos && scheme < 8) {
    const size_t slash = target.find('/', scheme + 3);
    target.remove_prefix(std::min(slash, target.size()));
  }
  const std::string_view path = take_until(target, '?');
  const uint16_t marks = marks_of(path);
  const bool odd = path.find("..") != path.npos || path.find('\\') != path.npos;
  if ((marks & ~mark_slash) != 0 || odd) {
    ValueBuffer buffer;
    const Decoded decoded = decode_percent(path, false, buffer);
    give(HttpWhere::path, {}, decoded.text, decoded.dots_encoded, sink);
  }
  if (!target.empty()) inputs_of_query(target, HttpWhere::query, sink);
}

void inputs_of_cookies(std::string_view value, ContentSink& sink) {
  for (int i = 0; i < inputs_max && !value.empty(); i++)
    give_pair(HttpWhere::cookie, trim(take_until(value, ';')), false, sink);
}

bool has_field_marks(std::string_view text) {
  bool any = false;
  for (char c : text)
    any |= (c == '\'') | (c == '"') | (c == '`') | (c == '$') | (c == '<') | (c == '>') | (c == '%') |
           (c == '{') | (c == '}');
  return any;
}

void input_of_field(std::string_view name, std::string_view value, ContentSink& sink) {
  const uint16_t marks = marks_of(value);
  if ((marks & field_marks) == 0) return;
  sink.input({.where = HttpWhere::field, .marks = marks, .name = name, .value = value});
}

void inputs_of_body(std::string_view body, BodyKind kind, ContentSink& sink) {
  switch (kind) {
    case BodyKind::form:
      return inputs_of_query(body, HttpWhere::form, sink);
    case BodyKind::json:
      return inputs_of_json(body, sink);
    case BodyKind::multipart:
      return inputs_of_multipart(body, sink);
    case BodyKind::xml:
      return give(HttpWhere::xml, {}, body, false, sink);
    case BodyKind::other:
      return;
  }
}

}  // namespace vmoat
