// dhcp: DHCP for IPv4 (RFC 2131, RFC 2132). The magic cookie in a BOOTP frame is unmistakable; an ACK teaches
// a lease.
#include <cstdio>

#include "apps/sides.h"
#include "apps/text.h"

namespace vmoat {
namespace {

constexpr uint16_t ports[] = {67, 68};
constexpr uint32_t magic = 0x63825363;
constexpr uint8_t option_pad = 0, option_hostname = 12, option_message = 53, option_server = 54,
                  option_end = 255;
constexpr uint8_t message_ack = 5;

struct Message {
  bool ok = false;
  bool reply = false;
  Bytes address, mac, server;
  uint8_t kind = 0;
  std::string_view hostname;
};

void read_options(ByteReader& in, Message& message) {
  while (in.left() > 0) {
    const uint8_t code = in.u8();
    if (code == option_pad) continue;
    if (code == option_end) return;
    const Bytes value = in.bytes(in.u8());
    if (!in.ok()) return;
    if (code == option_hostname) message.hostname = as_text(value);
    if (code == option_message && value.size() == 1) message.kind = value[0];
    if (code == option_server && value.size() == 4) message.server = value;
  }
}

Message read_message(Bytes bytes) {
  Message message;
  ByteReader in(bytes);
  const uint8_t op = in.u8();
  in.skip(1);
  const uint8_t mac_length = in.u8();
  in.skip(13);  // hops, transaction, seconds, flags, ciaddr
  message.address = in.bytes(4);
  in.skip(8);
  const Bytes hardware = in.bytes(16);
  in.skip(64 + 128);
  const uint32_t cookie = in.be32();
  if (!in.ok() || cookie != magic || op < 1 || op > 2 || mac_length > 16) return message;
  message.ok = true;
  message.reply = op == 2;
  if (mac_length == 6) message.mac = hardware.first(6);
  read_options(in, message);
  return message;
}

std::string_view kind_name(uint8_t kind) {
  constexpr std::string_view names[] = {"",    "DISCOVER", "OFFER",   "REQUEST", "DECLINE",
                                        "ACK", "NAK",      "RELEASE", "INFORM"};
  return kind < std::size(names) ? names[kind] : "OTHER";
}

void note_address(Fact key, Bytes a, Findings& findings) {
  char text[16];
  const int size = std::snprintf(text, sizeof text, "%u.%u.%u.%u", a[0], a[1], a[2], a[3]);
  findings.fact(key, {text, static_cast<size_t>(size)});
}

bool is_zero(Bytes address) {
  return std::all_of(address.begin(), address.end(), [](uint8_t byte) { return byte == 0; });
}

void note(const Message& message, Findings& findings) {
  if (message.kind != 0) findings.fact(Fact::dhcp_message, kind_name(message.kind));
  if (!message.hostname.empty()) findings.fact(Fact::dhcp_hostname, message.hostname);
  if (!message.server.empty()) note_address(Fact::dhcp_server, message.server, findings);
  if (!message.reply || is_zero(message.address)) return;
  note_address(Fact::dhcp_address, message.address, findings);
  if (message.kind == message_ack && !message.mac.empty()) findings.lease(message.address, message.mac);
}

Claim recognise(const Opening& opening, Findings& findings) {
  const Message message = read_message(datagram(opening));
  if (!message.ok) return Claim::no;
  note(message, findings);
  if (message.reply != from_server(opening)) findings.ends_swapped();
  return Claim::sure;
}

void follow(const Opening& opening, Findings& findings) {
  const Message message = read_message(datagram(opening));
  if (message.ok) note(message, findings);
}

}  // namespace

extern const Application dhcp_application;
const Application dhcp_application{"dhcp", over_udp, ports, recognise, Appetite::messages, follow};

}  // namespace vmoat
