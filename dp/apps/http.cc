// http: HTTP/1 (RFC 9112). A request line or a status line with its version is unmistakable; a request
// without one (HTTP/0.9) counts with its answer. Header fields and paths of other protocols name the inner
// layer.
#include "apps/http_stream.h"
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
  constexpr std::string_view shape = "HTTP/d.d";
  if (text.size() != shape.size()) return false;
  for (size_t i = 0; i < shape.size(); i++)
    if (shape[i] == 'd' ? !is_digit(text[i]) : text[i] != shape[i]) return false;
  return true;
}

bool is_upper_method(std::string_view method) {
  return std::all_of(method.begin(), method.end(),
                     [](char c) { return is_upper(c) || c == '-' || c == '_'; });
}

/** A token of RFC 9110, 5.6.2: what any method must be. */
bool is_token(std::string_view method) {
  return std::all_of(method.begin(), method.end(), [](char c) {
    return is_letter(c) || is_digit(c) ||
           std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
  });
}

/** A path, a URL or an asterisk, without spaces in it: asked of methods that are no plain capitals. */
bool is_strict_target(std::string_view target) {
  return (target.starts_with('/') || target.find("://") != target.npos || target == "*") &&
         target.find(' ') == target.npos;
}

constexpr std::string_view known_methods[] = {"GET ", "HEAD ", "POST ", "PUT ", "DELETE ", "OPTIONS "};

/** How much of a request line "METHOD target HTTP/1.x" stands at the front of a line. */
Claim request_line(const Line& line, bool cut) {
  std::string_view rest = line.text;
  const std::string_view method = take_until(rest, ' ');
  if (method.size() > method_bytes_max || !is_token(method)) return Claim::no;
  if (method.size() == line.text.size()) return line.complete ? Claim::no : Claim::more;
  if (method.size() < 3 || !is_text(rest) || rest.starts_with(' ')) return Claim::no;
  const size_t space = rest.rfind(' ');
  if (line.complete) {
    const std::string_view target = rest.substr(0, space);
    const bool versioned = space != rest.npos && is_version(rest.substr(space + 1));
    if (!versioned)
      return target.starts_with('/') && starts_with_any(line.text, known_methods) ? Claim::more : Claim::no;
    return line.text.starts_with("PRI *") || !(is_upper_method(method) || is_strict_target(target))
               ? Claim::no
               : Claim::sure;
  }
  if (!cut && line.text.size() < opening_bytes_max) return Claim::more;
  return rest.starts_with('/') && method == "GET" ? Claim::guess
                                                  : Claim::no;  // a target longer than the window
}

/** How much of a status line "HTTP/1.x NNN" stands at the front of a line. */
Claim status_line(std::string_view text) {
  constexpr std::string_view shape = "HTTP/d.d ddd";
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

/** What a request and its response say of an inner layer. */
struct Exchange {
  std::string_view path;
  bool websocket = false, http2 = false, elasticsearch = false, etcd = false, consul = false, thrift = false,
       bittorrent = false, rtsp = false, dns = false;
  bool search_path = false, json = false;  // Elasticsearch's, where both are true
};

/** Whether one of the path's segments is `word`. */
bool has_segment(std::string_view path, std::string_view word) {
  while (!path.empty())
    if (take_until(path, '/') == word) return true;
  return false;
}

/** Paths of Elasticsearch's REST interface; others may have one of them, too, but hardly with JSON. */
bool is_search_path(std::string_view path) {
  if (path.find("/_") == path.npos) return false;
  for (std::string_view word :
       {"_search", "_bulk", "_msearch", "_cluster", "_nodes", "_mget", "_mapping", "_doc"})
    if (has_segment(path, word)) return true;
  return path.starts_with("/_cat/");
}

/** A tracker is asked for peers (BEP 3). */
bool is_tracker_query(std::string_view path, std::string_view query) {
  return (path.ends_with("/announce") || path.ends_with("/scrape")) && query.find("info_hash=") != query.npos;
}

void note_type(std::string_view type, Exchange& exchange) {
  const std::string_view name = trim(take_until(type, ';'));
  exchange.json |= same_letters(name, "application/json") || same_letters(name, "application/x-ndjson") ||
                   find_letters(name, "application/vnd.elasticsearch+") == 0;
  exchange.thrift |= same_letters(name, "application/x-thrift");
  exchange.rtsp |= same_letters(name, "application/x-rtsp-tunnelled");
  exchange.dns |= same_letters(name, "application/dns-message");
}

/** Fields that both directions may have. */
void note_field(std::string_view name, std::string_view value, Exchange& exchange) {
  if (same_letters(name, "content-type")) note_type(value, exchange);
  if (same_letters(name.substr(0, 7), "x-etcd-")) exchange.etcd = true;
  if (same_letters(name.substr(0, 9), "x-consul-")) exchange.consul = true;
}

/** A proxy is asked for the whole URI: its authority may hold a password and is not shown. */
std::string_view path_of(std::string_view target) {
  const size_t authority = target.find("://");
  if (authority == target.npos) return target;
  const size_t path = target.find('/', authority + 3);
  return path == target.npos ? std::string_view("/") : target.substr(path);
}

/** The first part of a path that no endpoint has: "/logs-2024/_search". */
void note_index(std::string_view path, Findings& findings) {
  take_until(path, '/');
  const std::string_view index = take_until(path, '/');
  if (!index.empty() && index[0] != '_') findings.fact(Fact::elasticsearch_index, index);
}

/** Writes the request's facts, where they are not `told`; true when its head was complete. */
bool note_request(const Head& head, bool told, Findings& findings, Exchange& exchange) {
  std::string_view line = head.first;
  const std::string_view method = take_until(line, ' ');
  std::string_view target = take_until(line, ' ');
  const std::string_view path = path_of(take_until(target, '?'));
  exchange.path = path;
  exchange.search_path = is_search_path(path);
  if (told && head.fields.ends_with("\r\n\r\n")) return true;
  findings.fact(Fact::http_method, method);
  findings.fact(Fact::http_path, path);
  exchange.bittorrent = is_tracker_query(path, target);
  return each_field(head.fields, [&](std::string_view name, std::string_view value) {
    if (same_letters(name, "host")) findings.fact(Fact::http_host, value);
    if (same_letters(name, "user-agent")) findings.fact(Fact::http_user_agent, value);
    if (same_letters(name, "upgrade"))
      exchange.websocket |= same_letters(value, "websocket"), exchange.http2 |= value == "h2c";
    if (same_letters(name, "accept")) exchange.rtsp |= value == "application/x-rtsp-tunnelled";
    note_field(name, value, exchange);
  });
}

bool note_response(const Head& head, Findings& findings, Exchange& exchange) {
  findings.fact(Fact::http_status, head.first.substr(9, 3));
  const bool switches = head.first.substr(9, 3) == "101";
  return each_field(head.fields, [&](std::string_view name, std::string_view value) {
    if (same_letters(name, "server")) findings.fact(Fact::http_server, value);
    if (same_letters(name, "x-elastic-product")) exchange.elasticsearch = true;
    note_field(name, value, exchange);
    if (switches && same_letters(name, "upgrade"))
      exchange.websocket |= same_letters(value, "websocket"), exchange.http2 |= value == "h2c";
  });
}

/** The first that holds, an upgrade before what was spoken until then. */
void note_layer(const Exchange& exchange, Findings& findings) {
  const struct {
    bool holds;
    std::string_view name;
  } layers[] = {
      {exchange.websocket, "websocket"},
      {exchange.http2, "http2"},
      {exchange.elasticsearch || (exchange.search_path && exchange.json), "elasticsearch"},
      {exchange.etcd, "etcd"},
      {exchange.consul, "consul"},
      {exchange.thrift, "thrift"},
      {exchange.bittorrent, "bittorrent"},
      {exchange.rtsp, "rtsp"},
      {exchange.dns, "dns"},
  };
  for (const auto& [holds, name] : layers)
    if (holds) return findings.layer(name);
}

Head head_of(Bytes bytes, bool request, const Opening& opening) {
  if (bytes.empty()) return {Claim::more, {}, {}};
  const Head head = read_head(bytes, request, opening.cut);
  return opening.midstream && head.claim < Claim::guess ? find_head(bytes, request) : head;
}

constexpr std::string_view page_beginnings[] = {"<html", "<!doctype html", "<head"};
constexpr std::string_view search_slogan = "You Know, for Search";  // in the root page of Elasticsearch

Claim judge(Bytes client, Bytes server, const Opening& opening, Findings& findings) {
  const Head request = head_of(client, true, opening);
  const Head response = head_of(server, false, opening);
  const bool page = request.claim == Claim::more && as_text(client).find('\n') != std::string_view::npos &&
                    begins_with_any(server, page_beginnings) == Claim::sure;
  if (page) return Claim::guess;  // HTTP/0.9: no status, no fields
  if (request.claim == Claim::no || response.claim == Claim::no) return Claim::no;
  const Claim claim = std::max(request.claim, response.claim);
  if (claim < Claim::guess) return claim;
  Exchange exchange;
  const bool told = opening.client_told && client.data() == opening.client.data();
  const bool asked = request.claim == Claim::sure && note_request(request, told, findings, exchange);
  const bool answered = response.claim == Claim::sure && note_response(response, findings, exchange);
  const bool root_page = exchange.path.empty() || exchange.path == "/";
  if (root_page && as_text(server).find(search_slogan) != std::string_view::npos)
    exchange.elasticsearch = true;
  note_layer(exchange, findings);
  const bool elasticsearch = exchange.elasticsearch || (exchange.search_path && exchange.json);
  if (elasticsearch && request.claim == Claim::sure) note_index(exchange.path, findings);
  if (!asked || !answered) findings.unfinished();
  return claim;
}

Claim recognise(const Opening& opening, Findings& findings) {
  return either_way(opening, findings, judge);
}

}  // namespace

extern const Application http_application;
const Application http_application{"http",  over_tcp,    ports, recognise, Appetite::opening,
                                   nullptr, http_goes_on};

}  // namespace vmoat
