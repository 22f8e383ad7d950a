#include "threats/sql_tokens.h"

#include <algorithm>

#include "apps/text.h"

namespace vmoat {
namespace {

bool is_word(char c) {
  return is_letter(c) || is_digit(c) || c == '_' || c == '$' || static_cast<uint8_t>(c) >= 0x80;
}

bool is_blank(char c) {
  return c == ' ' || (c >= '\t' && c <= '\r') || c == '\0';
}

size_t word_end(std::string_view text) {
  size_t at = 0;
  while (at < text.size() && (is_word(text[at]) || text[at] == '.' || text[at] == '@')) at++;
  return at;
}

/** Digits, a point, an exponent; 0x…; ends where a word could begin ("1e0UNION" is two tokens). */
size_t number_end(std::string_view text) {
  size_t at = 0;
  if (text.size() > 2 && text[0] == '0' && lower(text[1]) == 'x') {
    at = 2;
    while (at < text.size() && (is_digit(text[at]) || (lower(text[at]) >= 'a' && lower(text[at]) <= 'f')))
      at++;
    return at;
  }
  while (at < text.size() && (is_digit(text[at]) || text[at] == '.')) at++;
  if (at + 1 < text.size() && lower(text[at]) == 'e' && is_digit(text[at + 1])) {
    at += 2;
    while (at < text.size() && is_digit(text[at])) at++;
  }
  return at;
}

/** Behind a string's closing quote; two quotes in a row and a backslash keep it open. */
size_t string_end(std::string_view text) {
  const char quote = text[0];
  for (size_t at = 1; at < text.size(); at++) {
    if (text[at] == '\\') {
      at++;
    } else if (text[at] == quote) {
      if (at + 1 < text.size() && text[at + 1] == quote) {
        at++;
      } else {
        return at + 1;
      }
    }
  }
  return text.size();
}

SqlKind kind_of_word(std::string_view word) {
  for (std::string_view logic : {"and", "or", "xor"})
    if (same_letters(word, logic)) return SqlKind::logic;
  for (std::string_view compare :
       {"like", "rlike", "regexp", "in", "is", "between", "sounds", "glob", "ilike"})
    if (same_letters(word, compare)) return SqlKind::compare;
  return SqlKind::word;
}

/** A keyword that a parenthesis may follow without making it a call. */
bool is_keyword(std::string_view word) {
  for (std::string_view keyword :
       {"select", "union", "all", "distinct", "from", "where", "values", "having", "by", "not", "exists",
        "when", "then", "else", "case", "limit", "as", "on", "into"})
    if (same_letters(word, keyword)) return true;
  return false;
}

/** The bytes of a comment or blank at the front; 0 where there is none. Sets `ends` where it ends all. */
size_t skip_blank(std::string_view text, bool& ends) {
  if (is_blank(text[0])) return 1;
  if (text.starts_with("/*!")) {  // MySQL runs what is in it from a version on
    size_t at = 3;
    while (at < text.size() && is_digit(text[at])) at++;
    return at;
  }
  if (text.starts_with("*/")) return 2;
  if (text.starts_with("/*")) {
    const size_t end = text.find("*/", 2);
    ends = end == text.npos;
    return ends ? text.size() : end + 2;
  }
  const bool dashes = text.starts_with("--");
  if (!dashes && text[0] != '#') return 0;
  const size_t line = text.find('\n');
  ends = line == text.npos;
  return ends ? text.size() : line + 1;
}

}  // namespace

SqlTokens::SqlTokens(std::string_view text, char quote) {
  if (quote != 0) {
    const size_t at = text.find(quote);
    breaks_out_ = at != text.npos;
    if (!breaks_out_) return;
    before_ = text.substr(0, at);
    text.remove_prefix(at + 1);
  }
  read(text);
}

size_t SqlTokens::read_one(std::string_view text, SqlToken& token) const {
  const char c = text[0];
  const auto take = [&](SqlKind kind, size_t bytes) {
    token = {kind, text.substr(0, bytes)};
    return bytes;
  };
  if (c == '\'' || c == '"') return take(SqlKind::string, string_end(text));
  if (is_digit(c) || (c == '.' && text.size() > 1 && is_digit(text[1])))
    return take(SqlKind::number, std::max<size_t>(1, number_end(text)));
  if (c == '`') return take(SqlKind::word, string_end(text));
  if (is_word(c) || c == '@') {
    const size_t end = std::max<size_t>(1, word_end(text));
    const std::string_view word = text.substr(0, end);
    SqlKind kind = kind_of_word(word);
    size_t next = end;
    while (next < text.size() && is_blank(text[next])) next++;
    if (kind == SqlKind::word && next < text.size() && text[next] == '(' && !is_keyword(word))
      kind = SqlKind::function;
    return take(kind, end);
  }
  for (std::string_view two : {"&&", "||"})
    if (text.starts_with(two)) return take(SqlKind::logic, 2);
  for (std::string_view compare : {"<=>", "<>", "!=", "<=", ">=", "=", "<", ">"})
    if (text.starts_with(compare)) return take(SqlKind::compare, compare.size());
  constexpr std::string_view marks = "();,";
  constexpr SqlKind kinds[] = {SqlKind::open, SqlKind::close, SqlKind::semicolon, SqlKind::comma};
  if (const size_t mark = marks.find(c); mark != marks.npos) return take(kinds[mark], 1);
  return take(SqlKind::other, 1);
}

void SqlTokens::read(std::string_view text) {
  while (!text.empty() && size_ < tokens_.size()) {
    bool ends = false;
    const size_t blank = skip_blank(text, ends);
    if (ends) tokens_[size_++] = {SqlKind::comment, text};
    text.remove_prefix(blank != 0 ? blank : read_one(text, tokens_[size_++]));
  }
}

bool SqlTokens::is(size_t n, std::string_view word) const {
  return same_letters((*this)[n].text, word);
}

}  // namespace vmoat
