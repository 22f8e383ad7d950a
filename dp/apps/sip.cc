// sip: SIP (RFC 3261) over UDP and TCP: a request line with a sip, sips or tel URI, or a status line, with
// its version. The media that its descriptions (SDP, RFC 8866) agree on are announced.
#include "apps/messages.h"
#include "base/address_text.h"

namespace vmoat {
namespace {

constexpr uint16_t ports[] = {5060};
constexpr std::string_view versions[] = {"SIP/2.0 "};
constexpr std::string_view schemes[] = {"sip:", "sips:", "tel:", "urn:", "im:"};

Claim read_request(Bytes bytes) {
  std::string_view text = as_text(bytes);
  const Line line = take_line(text);
  std::string_view rest = line.text;
  const std::string_view method = take_until(rest, ' ');
  for (char c : method)
    if (!is_upper(c)) return Claim::no;
  if (method.size() > 12 || !is_text(rest)) return Claim::no;
  if (!line.complete) return Claim::more;
  return starts_with_any(rest, schemes) && rest.ends_with(" SIP/2.0") ? Claim::sure : Claim::no;
}

/** Blank lines keep a connection alive (RFC 5626, 4.4.1) and may stand before a message. */
Bytes skip_blank(Bytes bytes) {
  while (!bytes.empty() && (bytes[0] == '\r' || bytes[0] == '\n')) bytes = bytes.subspan(1);
  return bytes;
}

/** Either end may ask: a message is a request or a response. */
Claim read_message(Bytes bytes) {
  return std::max(read_request(bytes), begins_with_any(bytes, versions));
}

/** Mid-stream a message may stand behind the rest of another's body. */
Claim read_side(Bytes bytes, bool midstream) {
  const Claim claim = read_message(bytes);
  if (claim == Claim::sure || !midstream) return claim;
  const auto begins_message = [](std::string_view line) {
    return line.starts_with(versions[0]) || (line.ends_with(" SIP/2.0") && line.find(" sip:") != line.npos);
  };
  return any_line(bytes, begins_message) ? Claim::sure : speaks_text(bytes) ? Claim::more : Claim::no;
}

/** Who answers is the server, as long as nobody was seen to ask. */
bool answers_first(Bytes client, Bytes server) {
  return as_text(client).starts_with(versions[0]) && !as_text(server).starts_with(versions[0]);
}

Claim recognise(const Opening& opening, Findings& findings) {
  const Bytes asked = skip_blank(opening.client), answered = skip_blank(opening.server);
  const Claim client = read_side(asked, opening.midstream), server = read_side(answered, opening.midstream);
  if (client == Claim::no || server == Claim::no) return Claim::no;
  const Claim claim = std::max(client, server);
  if (claim != Claim::sure) return claim;
  std::string_view text = as_text(client == Claim::sure ? asked : answered);
  if (!opening.direction_seen && answers_first(asked, answered)) findings.ends_swapped();
  if (read_request(client == Claim::sure ? asked : answered) == Claim::sure)
    findings.fact(Fact::sip_method, take_until(text, ' '));
  return claim;
}

constexpr uint16_t media_lifetime_s = 300;

/** One m= section of a description. */
struct Media {
  uint16_t port = 0, control_port = 0;
  AddressOfText address;
};

void expect_media(const Media& media, Findings& findings) {
  const auto expect = [&](uint16_t port, std::string_view application) {
    findings.expect({.address = media.address.view(),
                     .port = port,
                     .transport = over_udp,
                     .application = application,
                     .lifetime_s = media_lifetime_s,
                     .once = false,
                     .anyone = true});
  };
  if (media.port == 0 || media.address.size == 0) return;
  expect(media.port, "rtp");
  const auto next = static_cast<uint16_t>(media.port + 1);
  expect(media.control_port != 0 ? media.control_port : next, "rtcp");
}

uint16_t take_port(std::string_view text) {
  const int64_t port = take_number(text, 5);
  return port < 0 || port > 65535 ? uint16_t{0} : static_cast<uint16_t>(port);
}

/** "IN IP4 192.0.2.1", a multicast address with "/ttl" behind it. */
AddressOfText read_connection(std::string_view text) {
  take_until(text, ' ');
  take_until(text, ' ');
  return read_address(take_until(text, '/'));
}

/** "audio 49170 RTP/AVP 0"; port 0 refuses it. */
uint16_t read_media_port(std::string_view text) {
  take_until(text, ' ');
  const std::string_view port = take_until(text, ' ');
  return text.find("RTP/") == text.npos ? uint16_t{0} : take_port(port);
}

/** The session's address holds for each section that has none of its own. */
void read_description(std::string_view text, Findings& findings) {
  AddressOfText of_session;
  Media media;
  bool in_media = false;
  while (!text.empty()) {
    std::string_view line = take_line(text).text;
    if (line.starts_with("c=")) (in_media ? media.address : of_session) = read_connection(line.substr(2));
    if (line.starts_with("a=rtcp:")) media.control_port = take_port(line.substr(7));
    if (!line.starts_with("m=")) continue;
    if (in_media) expect_media(media, findings);
    media = {.port = read_media_port(line.substr(2)), .address = of_session};
    in_media = true;
  }
  if (in_media) expect_media(media, findings);
}

/** `"Bob" <sip:bob@example.org>;tag=1` or the address alone. */
void note_party(Fact fact, std::string_view value, Findings& findings) {
  const size_t bracket = value.find('<');
  const CleanUri uri(bracket == value.npos ? value : value.substr(bracket + 1));
  if (!uri.view().empty() && is_text(uri.view())) findings.fact(fact, uri.view());
}

void follow(const Opening& opening, Findings& findings) {
  each_text_message(opening, findings, "SIP/2.0", [&](const TextMessage& message) {
    const bool asks = !message.start.starts_with("SIP/2.0");
    if (asks) note_party(Fact::sip_from, field_of(message.fields, "from", "f"), findings);
    if (asks) note_party(Fact::sip_to, field_of(message.fields, "to", "t"), findings);
    if (same_letters(field_of(message.fields, "content-type", "c").substr(0, 15), "application/sdp"))
      read_description(message.body, findings);
  });
}

}  // namespace

extern const Application sip_application;
const Application sip_application{"sip", over_tcp | over_udp, ports, recognise, Appetite::control, follow};

}  // namespace vmoat
