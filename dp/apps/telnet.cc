// telnet: Telnet by its option negotiation (RFC 854, RFC 855): three bytes IAC, verb, option, more than once,
// with nothing but text between them; a login prompt without it is a guess at Telnet's port.
#include "apps/sides.h"
#include "apps/text.h"

namespace vmoat {
namespace {

constexpr uint16_t ports[] = {23};
constexpr uint8_t interpret_as_command = 255, dont = 254, begin_sub = 250, end_sub = 240;
constexpr uint8_t option_max = 49;
constexpr size_t text_bytes_max = 1024;  // of text without a command: then it is somebody else's
constexpr uint8_t terminal_type = 24, window_size = 31, do_option = 253;

/** Options of IANA's list: 0 to 49, 138 to 140 and 255. */
bool is_option(uint8_t option) {
  return option <= option_max || (option >= 138 && option <= 140) || option == 255;
}

/** What terminals get to see: text and the controls that move a cursor. */
bool is_terminal_text(uint8_t c) {
  return (c >= ' ' && c < 0x7f) || c == 0 || (c >= 7 && c <= 15) || c == 27 || c == 0x7f;
}

struct Negotiation {
  int count = 0;
  bool wrong = false;    // something cannot be Telnet
  bool asks = false;     // "DO TERMINAL-TYPE", as servers say
  bool prompts = false;  // "login:" in the text
};

/** Skips a sub-negotiation up to IAC SE. */
void skip_sub(ByteReader& in) {
  while (in.ok() && !(in.u8() == interpret_as_command && in.left() > 0 && in.rest()[0] == end_sub)) {
  }
  in.skip(1);
}

/** One command behind its IAC. */
void take_command(ByteReader& in, Negotiation& n) {
  const uint8_t verb = in.u8();
  if (!in.ok()) return;
  if (verb > end_sub && verb < begin_sub) return;  // NOP to GA stand alone
  const uint8_t option = in.u8();
  if (verb < begin_sub || verb > dont) n.wrong = true;
  if (!in.ok()) return;
  if (!is_option(option)) n.wrong = true;
  if (verb == begin_sub) skip_sub(in);
  if (!in.ok() || n.wrong) return;
  n.count++;
  if (verb == do_option && (option == terminal_type || option == window_size)) n.asks = true;
}

Negotiation read_side(Bytes bytes) {
  Negotiation n;
  ByteReader in(bytes);
  while (in.left() > 0 && !n.wrong) {
    const uint8_t c = in.u8();
    if (c == interpret_as_command)
      take_command(in, n);
    else if (!is_terminal_text(c))
      n.wrong = true;
  }
  n.prompts = find_letters(as_text(bytes), "login:") != std::string_view::npos;
  return n;
}

Claim recognise(const Opening& opening, Findings& findings) {
  const Negotiation client = read_side(opening.client), server = read_side(opening.server);
  if (client.wrong || server.wrong) return Claim::no;
  const bool silent = client.count + server.count == 0;
  if (silent && opening.client.size() + opening.server.size() > text_bytes_max) return Claim::no;
  if (!opening.direction_seen && client.asks && !server.asks) findings.ends_swapped();
  if (server.count >= 2 || client.count >= 2 || (server.count >= 1 && client.count >= 1)) return Claim::sure;
  const bool usual = opening.server_port == ports[0] && server.prompts;
  return usual ? Claim::guess : Claim::more;
}

}  // namespace

extern const Application telnet_application;
const Application telnet_application{"telnet", over_tcp, ports, recognise};

}  // namespace vmoat
