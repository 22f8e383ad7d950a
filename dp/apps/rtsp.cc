// rtsp: RTSP 1.0 and 2.0 (RFC 2326, RFC 7826): a request or status line with its version, or mid-stream the
// media that it interleaves ("$", channel, length, RTP). Media over UDP, as SETUP agrees on it, is announced.
#include "apps/messages.h"

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

/** Interleaved packets one behind the other (RFC 2326, 10.12): RTP or RTCP of version 2 on a low channel. */
bool is_interleaved(Bytes bytes) {
  constexpr int enough = 3;
  ByteReader in(bytes);
  int whole = 0;
  while (whole < enough && in.left() >= 5) {
    const uint8_t mark = in.u8(), channel = in.u8();
    const uint16_t length = in.be16();
    const uint8_t version = in.rest()[0] >> 6;
    if (mark != '$' || channel > 15 || length < 4 || version != 2) return false;
    in.skip(length);
    whole += in.ok() ? 1 : 0;
  }
  return whole >= enough;
}

Claim read_side(Bytes bytes, bool midstream) {
  const Claim claim = read_message(bytes);
  if (claim == Claim::sure || !midstream) return claim;
  const auto has_version = [](std::string_view line) {
    return starts_with_any(line, versions) || line.ends_with(" RTSP/1.0") || line.ends_with(" RTSP/2.0");
  };
  if (is_interleaved(bytes) || any_line(bytes, has_version)) return Claim::sure;
  return speaks_text(bytes) || bytes[0] == '$' ? Claim::more : Claim::no;
}

Claim recognise(const Opening& opening, Findings& findings) {
  const Claim client = read_side(opening.client, opening.midstream),
              server = read_side(opening.server, opening.midstream);
  const bool answers_first = starts_with_any(as_text(opening.client), versions);
  if (!opening.direction_seen && answers_first && opening.server.empty()) findings.ends_swapped();
  return client == Claim::no || server == Claim::no ? Claim::no : std::max(client, server);
}

/** A pair of ports, "4588-4589": media on the first, its control on the second. */
void expect_ports(std::string_view ports_text, Expectation::End end, Findings& findings) {
  const int64_t first = take_number(ports_text, 5);
  if (ports_text.starts_with('-')) ports_text.remove_prefix(1);
  const int64_t second = take_number(ports_text, 5);
  const auto expect = [&](int64_t port, std::string_view application) {
    if (port < 1 || port > 65535) return;
    findings.expect({.end = end,
                     .port = static_cast<uint16_t>(port),
                     .transport = over_udp,
                     .application = application,
                     .lifetime_s = 120,
                     .once = false});
  };
  expect(first, "rtp");
  expect(second, "rtcp");
}

/** The server's choice (RFC 2326, 12.39); over TCP there are no ports. */
void read_transport(std::string_view transport, Findings& findings) {
  while (!transport.empty()) {
    std::string_view value = trim(take_until(transport, ';'));
    const std::string_view name = take_until(value, '=');
    if (same_letters(name, "client_port")) expect_ports(value, Expectation::End::client, findings);
    if (same_letters(name, "server_port")) expect_ports(value, Expectation::End::server, findings);
  }
}

void follow(const Opening& opening, Findings& findings) {
  each_text_message(opening, findings, "RTSP/", [&](const TextMessage& message) {
    std::string_view target = message.start;
    take_until(target, ' ');
    const CleanUri url(take_until(target, ' '));
    const bool asks = !message.start.starts_with("RTSP/");
    if (asks && message.start.find("://") != message.start.npos && is_text(url.view()))
      findings.fact(Fact::rtsp_url, url.view());
    if (!asks) read_transport(field_of(message.fields, "transport"), findings);
  });
}

}  // namespace

extern const Application rtsp_application;
const Application rtsp_application{"rtsp", over_tcp, ports, recognise, Appetite::control, follow};

}  // namespace vmoat
