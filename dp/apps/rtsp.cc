// rtsp: RTSP 1.0 and 2.0 (RFC 2326, RFC 7826): a request or status line with its version.
#include "apps/sides.h"
#include "apps/text.h"

namespace vmoat {
namespace {

constexpr uint16_t ports[] = {554, 8554};
constexpr std::string_view versions[] = {"RTSP/1.0 ", "RTSP/2.0 "};

Claim read_request(Bytes bytes) {
  std::string_view text = as_text(bytes);
  const Line line = take_line(text);
  std::string_view rest = line.text;
  const std::string_view method = take_until(rest, ' ');
  for (char c : method)
    if (!is_upper(c) && c != '_') return Claim::no;
  if (method.size() > 16 || !is_text(rest)) return Claim::no;
  if (!line.complete) return Claim::more;
  return rest.ends_with(" RTSP/1.0") || rest.ends_with(" RTSP/2.0") ? Claim::sure : Claim::no;
}

/** A server may ask, too (ANNOUNCE, REDIRECT). */
Claim read_message(Bytes bytes) {
  return std::max(read_request(bytes), begins_with_any(bytes, versions));
}

Claim recognise(const Opening& opening, Findings&) {
  const Claim client = read_message(opening.client), server = read_message(opening.server);
  return client == Claim::no || server == Claim::no ? Claim::no : std::max(client, server);
}

}  // namespace

extern const Application rtsp_application;
const Application rtsp_application{"rtsp", over_tcp, ports, recognise};

}  // namespace vmoat
