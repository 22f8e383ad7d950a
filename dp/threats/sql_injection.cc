// SQL injection: a parameter that, put into a statement as it is, would end a value and go on as SQL.
//
// Each text is read three times: as what follows a number, and as what follows a string of either quote that
// it breaks out of. In each reading it must be an expression from its first token on, and then something that
// no value goes on with. Prose, names with apostrophes and whole statements (an editor, a search for SQL) are
// not.
#include "apps/text.h"
#include "threats/content/messages.h"
#include "threats/evidence.h"
#include "threats/sql_tokens.h"
#include "threats/threat.h"

namespace vmoat {
namespace {

constexpr size_t value_bytes_max = 2048;  // longer ones are documents
constexpr int steps_max = 64;

/** Functions that only an attack calls from a parameter: time, errors, files, the server's own commands. */
bool is_probe(std::string_view name) {
  for (std::string_view probe : {"sleep",
                                 "benchmark",
                                 "pg_sleep",
                                 "waitfor",
                                 "extractvalue",
                                 "updatexml",
                                 "load_file",
                                 "xp_cmdshell",
                                 "randomblob",
                                 "utl_http.request",
                                 "utl_inaddr.get_host_address",
                                 "utl_inaddr.get_host_name",
                                 "dbms_pipe.receive_message",
                                 "dbms_lock.sleep",
                                 "ctxsys.drithsx.sn",
                                 "xmltype",
                                 "gtid_subset",
                                 "json_keys",
                                 "generate_series",
                                 "elt",
                                 "make_set",
                                 "exp",
                                 "geometrycollection",
                                 "polygon",
                                 "multipoint",
                                 "row"})
    if (same_letters(name, probe)) return true;
  return false;
}

/** Functions that blind attacks ask the database with. */
bool is_question(std::string_view name) {
  for (std::string_view question : {"ascii",        "substring",    "substr",       "ord",
                                    "mid",          "length",       "len",          "char",
                                    "chr",          "database",     "schema",       "user",
                                    "current_user", "session_user", "system_user",  "version",
                                    "concat",       "concat_ws",    "group_concat", "if",
                                    "iif",          "ifnull",       "nullif",       "isnull",
                                    "count",        "cast",         "convert",      "bin",
                                    "hex",          "unhex",        "strcmp",       "left",
                                    "right",        "db_name",      "object_id",    "is_srvrolemember",
                                    "md5",          "rand",         "floor",        "sqlite_version",
                                    "unicode",      "instr",        "bitand",       "decode",
                                    "coalesce",     "power",        "abs",          "sign"})
    if (same_letters(name, question)) return true;
  return is_probe(name);
}

enum class What : uint8_t { nothing, literal, name, call, select };

struct Operand {
  What what = What::nothing;
  size_t next = 0;  // the token behind it
  std::string_view text;
};

/** One reading of a text. */
class Reading {
 public:
  Reading(std::string_view text, char quote) : t_(text, quote), inside_(quote != 0) {}

  /** What makes it an injection; empty where it is none. */
  std::string_view judge();

 private:
  [[nodiscard]] size_t skip_closed(size_t i) const;
  [[nodiscard]] Operand operand(size_t i, int depth = 0) const;
  [[nodiscard]] size_t group_end(size_t open) const;
  [[nodiscard]] bool ends(size_t i) const {
    return t_.kind(i) == SqlKind::end || t_.kind(i) == SqlKind::comment;
  }
  [[nodiscard]] bool comment(size_t i) const { return t_.kind(i) == SqlKind::comment; }
  [[nodiscard]] bool probes_within(size_t from, size_t to) const;
  [[nodiscard]] std::string_view called(const Operand& operand) const;
  [[nodiscard]] bool cut_off(size_t i) const;
  [[nodiscard]] std::string_view whole_call() const;
  [[nodiscard]] std::string_view condition(size_t i, bool is_or) const;
  [[nodiscard]] std::string_view comparison(const Operand& left, size_t compare, bool is_or) const;
  [[nodiscard]] std::string_view united(size_t i) const;
  [[nodiscard]] std::string_view clause(size_t i) const;
  [[nodiscard]] std::string_view stacked(size_t i) const;
  [[nodiscard]] std::string_view step(size_t i) const;

  SqlTokens t_;
  bool inside_;         // the text began in a string
  bool strong_ = true;  // what stands before the operators is surely a value
};

size_t Reading::skip_closed(size_t i) const {
  while (t_.kind(i) == SqlKind::close) i++;
  return i;
}

/** Behind the parenthesis that closes the one at `open`, or the end of all. */
size_t Reading::group_end(size_t open) const {
  int depth = 0;
  for (size_t i = open; i < t_.size(); i++) {
    if (t_.kind(i) == SqlKind::open) depth++;
    if (t_.kind(i) == SqlKind::close && --depth == 0) return i + 1;
  }
  return t_.size();
}

Operand Reading::operand(size_t i, int depth) const {
  while (t_.kind(i) == SqlKind::other || t_.is(i, "not") || t_.is(i, "binary")) i++;
  const SqlToken& token = t_[i];
  switch (token.kind) {
    case SqlKind::number:
    case SqlKind::string:
      return {What::literal, i + 1, token.text};
    case SqlKind::word: {
      if (same_letters(token.text, "null") || same_letters(token.text, "true") ||
          same_letters(token.text, "false") || token.text.starts_with("@@"))
        return {What::literal, i + 1, token.text};
      const bool selects = same_letters(token.text, "select") ||
                           (same_letters(token.text, "exists") && t_.kind(i + 1) == SqlKind::open) ||
                           (same_letters(token.text, "case") && t_.is(i + 1, "when"));
      return {selects ? What::select : What::name, i + 1, token.text};
    }
    case SqlKind::function:
      return {What::call, group_end(i + 1), token.text};
    case SqlKind::open: {
      if (depth > 8) return {};
      const Operand inner = operand(i + 1, depth + 1);
      if (inner.what == What::select) return {What::select, group_end(i), inner.text};
      if (inner.what != What::nothing && t_.kind(inner.next) == SqlKind::close)
        return {inner.what, inner.next + 1, inner.text};
      return {What::nothing, i, {}};
    }
    default:
      return {What::nothing, i, {}};
  }
}

bool Reading::probes_within(size_t from, size_t to) const {
  for (size_t i = from; i < to; i++)
    if (t_.kind(i) == SqlKind::function && is_probe(t_[i].text)) return true;
  return false;
}

/** An operand that asks the database something no value asks. */
std::string_view Reading::called(const Operand& o) const {
  if (o.what == What::select) return "a query within the value";
  if (o.what == What::call && is_probe(o.text)) return "a call of a probing function";
  return {};
}

/** `name'--`: the statement is cut off behind the value. */
bool Reading::cut_off(size_t i) const {
  if (!inside_ || !comment(i)) return false;
  for (char c : t_.before())
    if (!is_letter(c) && !is_digit(c) && c != '_' && c != '@' && c != '.' && c != '-') return false;
  const std::string_view text = t_[i].text;
  if (text.starts_with("/*")) return text.size() == 2;
  return text.substr(text[0] == '#' ? 1 : 2).find_first_not_of(" -+\t") == text.npos;
}

/** The whole text is a call that holds a probe: if(now()=sysdate(),sleep(5),0), (select(sleep(5))). */
std::string_view Reading::whole_call() const {
  if (inside_) return {};
  const bool call = t_.kind(0) == SqlKind::function && t_.kind(1) == SqlKind::open && is_question(t_[0].text);
  const bool query = t_.kind(0) == SqlKind::open && t_.is(1, "select");
  if (!call && !query) return {};
  const size_t end = group_end(query ? 0 : 1);
  return probes_within(1, end) ? "a call of a probing function" : std::string_view{};
}

bool is_number(std::string_view text) {
  return !text.empty() && is_digit(text[0]);
}

/** `left` compared with what follows, where nothing but a condition of a statement would stand. */
std::string_view Reading::comparison(const Operand& left, size_t compare, bool is_or) const {
  size_t at = compare + 1;
  while (t_.kind(at) == SqlKind::compare) at++;  // SOUNDS LIKE, NOT IN
  const Operand right = operand(at);
  if (const auto call = called(right); !call.empty()) return call;
  if (left.what == What::literal && right.what == What::call) return "a condition that calls a function";
  if (left.what == What::call)
    return is_question(left.text) ? "a condition that calls a function" : std::string_view{};
  if (left.what == What::literal && right.what == What::literal) {
    const bool spaced = left.text.data() + left.text.size() != t_[compare].text.data();
    const bool sum = !inside_ && !is_or && spaced && left.text != right.text && !comment(right.next) &&
                     is_number(left.text) && is_number(right.text);  // "2 and 2 = 4"
    return sum ? std::string_view{} : "a condition of constants";
  }
  const bool open_list = right.what == What::nothing && t_.kind(at) == SqlKind::open;
  if (left.what == What::name && (inside_ || comment(right.next)) &&
      (right.what == What::literal || open_list))
    return inside_ || is_or ? "a condition behind the value" : std::string_view{};
  return {};
}

/** Behind AND or OR. */
std::string_view Reading::condition(size_t i, bool is_or) const {
  Operand left = operand(i);
  while (left.what == What::nothing && t_.kind(i) == SqlKind::open) left = operand(++i);
  if (left.what == What::nothing) return {};
  if (const auto call = called(left); !call.empty()) return call;
  if (left.what == What::call && probes_within(i, left.next)) return "a call of a probing function";
  const size_t next = skip_closed(left.next);
  if (t_.kind(next) == SqlKind::compare || (t_.is(next, "not") && t_.kind(next + 1) == SqlKind::compare))
    return comparison(left, t_.kind(next) == SqlKind::compare ? next : next + 1, is_or);
  const bool truth = left.what == What::literal && (left.text == "1" || same_letters(left.text, "true"));
  if (left.what == What::literal && is_number(left.text) && comment(next)) return "a constant condition";
  if (truth && (comment(next) || (inside_ && ends(next)))) return "a constant condition";
  return {};
}

/** UNION [ALL] SELECT and a list. */
std::string_view Reading::united(size_t i) const {
  if (!t_.is(i, "union")) return {};
  i++;
  if (t_.is(i, "all") || t_.is(i, "distinct")) i++;
  while (t_.kind(i) == SqlKind::open) i++;
  if (!t_.is(i, "select")) return {};
  if (t_.is(i + 1, "distinct") || t_.is(i + 1, "all")) i++;
  if (t_[i + 1].text == "*") return t_.is(i + 2, "from") ? "UNION SELECT" : std::string_view{};
  const Operand first = operand(i + 1);
  const bool list = t_.kind(first.next) == SqlKind::comma || t_.is(first.next, "from") || comment(first.next);
  const bool single = list || t_.kind(first.next) == SqlKind::end || t_.kind(first.next) == SqlKind::close;
  const bool value = first.what == What::literal || first.what == What::call || first.what == What::select;
  if (value && (strong_ ? single : list)) return "UNION SELECT";
  return strong_ && first.what == What::name && list ? "UNION SELECT" : std::string_view{};
}

/** Clauses that follow a condition: ORDER BY 3, HAVING 1=1, INTO OUTFILE, PROCEDURE ANALYSE, WAITFOR DELAY.
 */
std::string_view Reading::clause(size_t i) const {
  if (!strong_) return {};
  const bool ordered = (t_.is(i, "order") || t_.is(i, "group")) && t_.is(i + 1, "by");
  if (ordered && t_.kind(i + 2) == SqlKind::number) {
    size_t last = i + 3;
    while (t_.kind(last) == SqlKind::comma) last += 2;
    if (comment(last) || (inside_ && t_.kind(last) == SqlKind::end)) return "ORDER BY a column's number";
  }
  if (ordered && t_.is(i, "group"))
    for (size_t at = i + 2; at < t_.size(); at++)
      if (t_.is(at, "having")) return condition(at + 1, true);
  if (t_.is(i, "having")) return condition(i + 1, true);
  if (t_.is(i, "into") && (t_.is(i + 1, "outfile") || t_.is(i + 1, "dumpfile"))) return "INTO OUTFILE";
  if (t_.is(i, "procedure") && t_.is(i + 1, "analyse")) return "PROCEDURE ANALYSE";
  if (t_.is(i, "waitfor") && (t_.is(i + 1, "delay") || t_.is(i + 1, "time"))) return "WAITFOR DELAY";
  if (t_.is(i, "limit") && t_.kind(i + 1) == SqlKind::number)
    return t_.kind(i + 2) == SqlKind::comma ? clause(i + 4) : clause(i + 2);
  return {};
}

/** A second statement behind a semicolon. */
std::string_view Reading::stacked(size_t i) const {
  const auto object = [&](size_t at) {
    for (std::string_view kind : {"table", "database", "schema", "view", "user", "login", "index", "function",
                                  "procedure", "trigger", "role"})
      if (t_.is(at, kind)) return t_.kind(at + 1) == SqlKind::word || t_.kind(at + 1) == SqlKind::function;
    return false;
  };
  bool statement = false;
  if (t_.is(i, "drop") || t_.is(i, "create") || t_.is(i, "alter") || t_.is(i, "truncate"))
    statement = object(i + 1);
  if (t_.is(i, "delete")) statement = t_.is(i + 1, "from");
  if (t_.is(i, "insert")) statement = t_.is(i + 1, "into");
  if (t_.is(i, "update")) statement = t_.is(i + 2, "set");
  if (t_.is(i, "waitfor")) statement = t_.is(i + 1, "delay");
  if (t_.is(i, "declare") || t_.is(i, "set")) statement = t_[i + 1].text.starts_with('@');
  if (t_.is(i, "copy")) statement = t_.is(i + 2, "from") || t_.is(i + 2, "to");
  if (t_.is(i, "shutdown")) statement = ends(i + 1) || t_.is(i + 1, "with");
  if (t_.is(i, "exec") || t_.is(i, "execute") || t_.kind(i) == SqlKind::function)
    statement = t_.kind(i) == SqlKind::function
                    ? same_letters(t_[i].text, "exec") || is_probe(t_[i].text)
                    : t_.kind(i + 1) == SqlKind::word || t_.kind(i + 1) == SqlKind::function;
  bool selects = t_.is(i, "select");
  if (selects) {
    selects = false;
    for (size_t at = i + 1; at < t_.size(); at++) selects |= t_.is(at, "from");
    statement = selects || t_.kind(i + 1) == SqlKind::function;
  }
  if (!statement) return {};
  bool cut = false;
  for (size_t at = i; at < t_.size(); at++) cut |= comment(at);
  return strong_ || cut ? "a second statement" : std::string_view{};
}

/** What stands behind a value. */
std::string_view Reading::step(size_t i) const {
  switch (t_.kind(i)) {
    case SqlKind::logic:
      return condition(i + 1, !t_.is(i, "and") && t_[i].text != "&&");
    case SqlKind::semicolon:
      return stacked(i + 1);
    case SqlKind::comma:
    case SqlKind::other:
    case SqlKind::compare:
      return strong_ ? called(operand(i + 1)) : std::string_view{};
    case SqlKind::word:
      if (const auto found = united(i); !found.empty()) return found;
      return clause(i);
    default:
      return {};
  }
}

std::string_view Reading::judge() {
  if (!t_.breaks_out() || t_.size() == 0) return {};
  if (const auto found = whole_call(); !found.empty()) return found;
  size_t i = 0;
  if (inside_) {
    i = skip_closed(0);
    if (cut_off(i)) return "a comment behind the value";
  } else if (t_.kind(0) != SqlKind::logic && t_.kind(0) != SqlKind::semicolon && !t_.is(0, "union")) {
    const Operand value = operand(0);
    if (value.what == What::nothing || value.what == What::select) return {};
    strong_ = value.what == What::literal || t_.kind(value.next) == SqlKind::close;
    i = skip_closed(value.next);
  } else {
    strong_ = false;
  }
  for (int n = 0; n < steps_max && !ends(i); n++) {
    if (const auto found = step(i); !found.empty()) return found;
    const bool joins =
        t_.kind(i) == SqlKind::logic || t_.kind(i) == SqlKind::compare || t_.kind(i) == SqlKind::other;
    if (!joins) return {};
    const Operand next = operand(i + 1);
    if (next.what == What::nothing || next.what == What::select) return {};
    const bool literal_compared = inside_ && t_.kind(i) == SqlKind::compare && next.what == What::literal;
    i = skip_closed(next.next);
    if (literal_compared && comment(i)) return "a condition of constants";
  }
  return {};
}

/** Of header fields only those that applications write into their databases. */
bool is_stored_field(std::string_view name) {
  for (std::string_view stored : {"user-agent", "referer", "x-forwarded-for", "client-ip", "x-real-ip"})
    if (same_letters(name, stored)) return true;
  return false;
}

void input(const HttpInput& in, Alarm& alarm) {
  if (in.where == HttpWhere::xml || in.value.size() > value_bytes_max) return;
  if (in.where == HttpWhere::field && !is_stored_field(in.name)) return;
  constexpr uint16_t needed =
      mark_quote | mark_blank | mark_paren | mark_comment | mark_separator | mark_equals;
  if ((in.marks & needed) == 0) return;
  std::string_view why;
  for (char quote : {'\0', '\'', '"'}) {
    if (!why.empty() || (quote == 0 && in.where == HttpWhere::field)) continue;
    if (quote != 0 && (in.marks & mark_quote) == 0) continue;
    why = Reading(in.value, quote).judge();
  }
  if (!why.empty()) alarm.raise(Evidence() << why << ": " << in.name << "=" << in.value);
}

}  // namespace

extern const Threat sql_injection_threat;
const Threat sql_injection_threat = {
    .name = "sql-injection",
    .severity = Severity::critical,
    .action = ThreatAction::deny,
    .means = "a request's parameter would end a value of an SQL statement and go on as SQL",
    .evidence = "what makes it SQL, and the parameter as the application will see it",
    .live = "parameters of the first 64 KiB of requests on a connection: query, forms, JSON, cookies",
    .input = input,
};

}  // namespace vmoat
