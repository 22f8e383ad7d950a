// http: HTTP/1 (RFC 9112). A request line or a status line with its version is unmistakable.
#include "apps/sides.h"
#include "apps/text.h"

namespace vmoat {
namespace {

constexpr uint16_t ports[] = {80, 8080, 8000, 3128, 8888};
constexpr size_t method_bytes_max = 24;

struct Head {
  Claim claim = Claim::no;
  std::string_view first;   // request or status line
  std::string_view fields;  // what follows it
};

bool is_version(std::string_view text) {
  return text.size() == 8 && text.starts_with("HTTP/1.") && is_digit(text[7]);
}

/** How much of a request line "METHOD target HTTP/1.x" stands at the front of a line. */
Claim request_line(const Line& line, bool cut) {
  std::string_view rest = line.text;
  const std::string_view method = take_until(rest, ' ');
  for (char c : method)
    if (!is_upper(c) && c != '-' && c != '_') return Claim::no;
  if (method.size() > method_bytes_max) return Claim::no;
  if (method.size() == line.text.size()) return line.complete ? Claim::no : Claim::more;
  if (method.size() < 3 || !is_text(rest) || rest.starts_with(' ')) return Claim::no;
  const size_t space = rest.rfind(' ');
  if (line.complete)
    return space != rest.npos && is_version(rest.substr(space + 1)) ? Claim::sure : Claim::no;
  if (!cut && line.text.size() < opening_bytes_max) return Claim::more;
  return rest.starts_with('/') && method == "GET" ? Claim::guess
                                                  : Claim::no;  // a target longer than the window
}

/** How much of a status line "HTTP/1.x NNN" stands at the front of a line. */
Claim status_line(std::string_view text) {
  constexpr std::string_view shape = "HTTP/1.d ddd";
  for (size_t i = 0; i < std::min(text.size(), shape.size()); i++)
    if (shape[i] == 'd' ? !is_digit(text[i]) : text[i] != shape[i]) return Claim::no;
  if (text.size() < shape.size()) return Claim::more;
  return text.size() == shape.size() || text[shape.size()] == ' ' ? Claim::sure : Claim::no;
}

Head read_head(Bytes bytes, bool request, bool cut) {
  std::string_view text = as_text(bytes);
  for (int i = 0; i < 4 && text.starts_with("\r\n"); i++) text.remove_prefix(2);  // RFC 9112, 2.2
  const Line line = take_line(text);
  const Claim claim = request ? request_line(line, cut) : status_line(line.text);
  return {claim, line.text, text};
}

/** Mid-stream a head may stand behind the rest of a body: the first line of its shape, a field after it. */
Head find_head(Bytes bytes, bool request) {
  for (std::string_view text = as_text(bytes); !text.empty();) {
    const std::string_view from = text;
    const Line line = take_line(text);
    const Head head = read_head({reinterpret_cast<const uint8_t*>(from.data()), from.size()}, request, false);
    if (head.claim == Claim::sure && line.complete && text.find(':') != text.npos) return head;
  }
  return {Claim::more, {}, {}};
}

/** Calls `each(name, value)` for the header fields; true when the empty line that ends them was reached. */
template <class Each>
bool each_field(std::string_view fields, Each each) {
  while (!fields.empty()) {
    const Line line = take_line(fields);
    if (!line.complete) return false;
    if (line.text.empty()) return true;
    std::string_view value = line.text;
    const std::string_view name = take_until(value, ':');
    each(name, trim(value));
  }
  return false;
}

/** What a request and its response say; names the inner layer. */
struct Exchange {
  bool websocket = false, http2 = false, elasticsearch = false, etcd = false;
};

/** Paths that only Elasticsearch and its descendants have. */
bool is_elasticsearch_path(std::string_view path) {
  for (std::string_view word :
       {"/_search", "/_bulk", "/_msearch", "/_cat/", "/_cluster/", "/_nodes", "/_mget", "/_mapping"})
    if (path.find(word) != path.npos) return true;
  return false;
}

/** Writes the request's facts; true when its head was complete. */
bool note_request(const Head& head, Findings& findings, Exchange& exchange) {
  std::string_view line = head.first;
  findings.fact(Fact::http_method, take_until(line, ' '));
  std::string_view target = take_until(line, ' ');
  const std::string_view path = take_until(target, '?');
  findings.fact(Fact::http_path, path);
  exchange.elasticsearch = is_elasticsearch_path(path);
  return each_field(head.fields, [&](std::string_view name, std::string_view value) {
    if (same_letters(name, "host")) findings.fact(Fact::http_host, value);
    if (same_letters(name, "user-agent")) findings.fact(Fact::http_user_agent, value);
    if (same_letters(name, "upgrade"))
      exchange.websocket |= same_letters(value, "websocket"), exchange.http2 |= value == "h2c";
    if (same_letters(name.substr(0, 7), "x-etcd-")) exchange.etcd = true;
  });
}

bool note_response(const Head& head, Findings& findings, Exchange& exchange) {
  findings.fact(Fact::http_status, head.first.substr(9, 3));
  const bool switches = head.first.substr(9, 3) == "101";
  return each_field(head.fields, [&](std::string_view name, std::string_view value) {
    if (same_letters(name, "server")) findings.fact(Fact::http_server, value);
    if (same_letters(name, "x-elastic-product")) exchange.elasticsearch = true;
    if (same_letters(name.substr(0, 7), "x-etcd-")) exchange.etcd = true;
    if (switches && same_letters(name, "upgrade"))
      exchange.websocket |= same_letters(value, "websocket"), exchange.http2 |= value == "h2c";
  });
}

void note_layer(const Exchange& exchange, Findings& findings) {
  if (exchange.websocket)
    findings.layer("websocket");
  else if (exchange.http2)
    findings.layer("http2");
  else if (exchange.elasticsearch)
    findings.layer("elasticsearch");
  else if (exchange.etcd)
    findings.layer("etcd");
}

Head head_of(Bytes bytes, bool request, const Opening& opening) {
  if (bytes.empty()) return {Claim::more, {}, {}};
  const Head head = read_head(bytes, request, opening.cut);
  return opening.midstream && head.claim < Claim::guess ? find_head(bytes, request) : head;
}

Claim judge(Bytes client, Bytes server, const Opening& opening, Findings& findings) {
  const Head request = head_of(client, true, opening);
  const Head response = head_of(server, false, opening);
  if (request.claim == Claim::no || response.claim == Claim::no) return Claim::no;
  const Claim claim = std::max(request.claim, response.claim);
  if (claim < Claim::guess) return claim;
  Exchange exchange;
  const bool asked = request.claim == Claim::sure && note_request(request, findings, exchange);
  const bool answered = response.claim == Claim::sure && note_response(response, findings, exchange);
  note_layer(exchange, findings);
  if (!asked || !answered) findings.unfinished();
  return claim;
}

Claim recognise(const Opening& opening, Findings& findings) {
  return either_way(opening, findings, judge);
}

}  // namespace

extern const Application http_application;
const Application http_application{"http", over_tcp, ports, recognise};

}  // namespace vmoat
