// SQL tokens: what a database's lexer would make of a text; enough of it to tell an expression from prose.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace vmoat {

enum class SqlKind : uint8_t {
  end,
  number,
  string,    // whole, or open to the end of the text
  word,      // an identifier or a keyword; also @variable and `quoted`
  function,  // a word with a parenthesis behind it
  compare,   // = <> != < > <= >= <=> and the words LIKE, RLIKE, REGEXP, IN, IS, BETWEEN, SOUNDS, GLOB
  logic,     // AND, OR, XOR, && and ||
  other,     // + - * / % ^ ~ ! & |
  open,      // (
  close,     // )
  comma,
  semicolon,
  comment,  // one that ends the statement: -- or # up to the text's end, or an open /*
};

struct SqlToken {
  SqlKind kind = SqlKind::end;
  std::string_view text;
};

constexpr size_t sql_tokens_max = 256;

/** Tokens of a text; comments that end count as blanks, MySQL's conditional ones are opened. */
class SqlTokens {
 public:
  /** `quote`: the text begins within a string of this kind (0: in none) which its first such quote ends. */
  SqlTokens(std::string_view text, char quote);

  /** False where the text has no such quote: nothing breaks out. */
  [[nodiscard]] bool breaks_out() const { return breaks_out_; }
  /** What stands before the quote that breaks out. */
  [[nodiscard]] std::string_view before() const { return before_; }
  [[nodiscard]] size_t size() const { return size_; }
  /** `end` beyond the last one. */
  [[nodiscard]] const SqlToken& operator[](size_t n) const { return n < size_ ? tokens_[n] : end_; }
  [[nodiscard]] SqlKind kind(size_t n) const { return (*this)[n].kind; }
  /** Whether the nth is this word, in either case. */
  [[nodiscard]] bool is(size_t n, std::string_view word) const;

 private:
  void read(std::string_view text);
  size_t read_one(std::string_view text, SqlToken& token) const;
  std::array<SqlToken, sql_tokens_max> tokens_;
  size_t size_ = 0;
  SqlToken end_;
  bool breaks_out_ = true;
  std::string_view before_;
};

}  // namespace vmoat
