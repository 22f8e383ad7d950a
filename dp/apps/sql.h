// What SQL statements begin with: evidence for the database recognisers when they meet a flow mid-stream.
#pragma once

#include "apps/text.h"

namespace vmoat {

constexpr std::string_view sql_verbs[] = {
    "select", "insert",   "update", "delete", "set", "show", "begin", "commit", "create",  "start",  "alter",
    "drop",   "rollback", "with",   "call",   "use", "lock", "grant", "/*",     "replace", "explain"};

inline bool begins_like_sql(std::string_view text) {
  text = trim(text);
  for (std::string_view verb : sql_verbs)
    if (text.size() > verb.size() && same_letters(text.substr(0, verb.size()), verb) &&
        !is_letter(text[verb.size()]))
      return true;
  return false;
}

}  // namespace vmoat
