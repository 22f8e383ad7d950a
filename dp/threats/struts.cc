// Struts: OGNL that Apache Struts 2 would evaluate, in Content-Type and file names (CVE-2017-5638), the path
// (CVE-2018-11776), parameters (CVE-2013-2251 and others), or an object graph in XML (CVE-2017-9805).
#include "apps/text.h"
#include "threats/content/messages.h"
#include "threats/evidence.h"
#include "threats/threat.h"

namespace vmoat {
namespace {

bool has(std::string_view text, std::string_view wanted) {
  return find_letters(text, wanted) != text.npos;
}

/** Words that OGNL reaches Java by, and nothing else holds between %{ and }. */
bool reaches_java(std::string_view text) {
  for (std::string_view word : {"_memberaccess",
                                "@ognl.",
                                "ognlcontext",
                                "#context",
                                "@java.",
                                "java.lang.",
                                "getruntime",
                                "#cmd",
                                "opensymphony",
                                "@org.apache",
                                "#request",
                                "#session",
                                "#application",
                                "#attr[",
                                "allowstaticmethodaccess",
                                "excludedclasses",
                                "excludedpackagenames",
                                "redirect.",
                                "#parameters",
                                "new java.",
                                "#_",
                                "#a=",
                                "processbuilder"})
    if (has(text, word)) return true;
  return false;
}

/** %{…} or ${…}; the expression, empty where there is none. */
std::string_view expression(std::string_view text) {
  for (size_t at = text.find('{'); at != text.npos; at = text.find('{', at + 1))
    if (at > 0 && (text[at - 1] == '%' || text[at - 1] == '$')) return text.substr(at + 1);
  return {};
}

/** A sum that a probe has the server do: ${(111*222)} in a path. */
bool is_sum(std::string_view text) {
  size_t digits = 0, operators = 0;
  for (char c : text.substr(0, text.find('}'))) {
    if (is_digit(c))
      digits++;
    else if (c == '*' || c == '+' || c == '-')
      operators++;
    else if (c != '(' && c != ')' && c != ' ')
      return false;
  }
  return digits >= 2 && operators == 1;
}

bool is_redirect(std::string_view name) {
  for (std::string_view prefix : {"redirect:", "redirectaction:", "action:"})
    if (find_letters(name.substr(0, prefix.size()), prefix) == 0) return true;
  return false;
}

bool is_object_graph(std::string_view xml) {
  const bool runs = has(xml, "java.lang.processbuilder") || has(xml, "java.lang.runtime") ||
                    has(xml, "javax.imageio.imageio") || has(xml, "com.sun.rowset.jdbcrowsetimpl");
  return runs &&
         (has(xml, "<map>") || has(xml, "<entry>") || has(xml, "<java") || has(xml, "<dynamic-proxy>"));
}

std::string_view judge(const HttpInput& in) {
  if (in.where == HttpWhere::xml)
    return is_object_graph(in.value) ? "an object graph that runs a command" : std::string_view{};
  for (std::string_view text : {in.value, in.name}) {
    const std::string_view inner = expression(text);
    if (inner.empty()) continue;
    if (reaches_java(inner)) return "OGNL that reaches Java";
    if (is_sum(inner) &&
        (in.where == HttpWhere::path || in.where == HttpWhere::field || is_redirect(in.name)))
      return "OGNL that is evaluated";
  }
  const bool assigns = has(in.name, "_memberaccess") || has(in.name, "\\u0023") || has(in.name, "('#");
  const bool by_name = assigns && (has(in.name, "(") || has(in.name, "["));
  return by_name ? "OGNL as a parameter's name" : std::string_view{};
}

void input(const HttpInput& in, Alarm& alarm) {
  const std::string_view why = judge(in);
  if (!why.empty()) alarm.raise(Evidence() << why << ": " << in.name << "=" << in.value);
}

}  // namespace

extern const Threat struts_threat;
const Threat struts_threat = {
    .name = "struts",
    .severity = Severity::critical,
    .action = ThreatAction::deny,
    .means =
        "a request holds OGNL or an object graph that Apache Struts 2 would run (CVE-2017-5638, -9805, "
        "2018-11776)",
    .evidence = "the header field, path, parameter or body",
    .live = "heads and parameters of the first 64 KiB of requests on a connection",
    .input = input,
};

}  // namespace vmoat
