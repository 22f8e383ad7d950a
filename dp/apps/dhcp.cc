// dhcp: DHCP for IPv4 (RFC 2131, RFC 2132). The magic cookie in a BOOTP frame is unmistakable; without it
// BOOTP (RFC 951) counts by its Ethernet address and the zeros behind it. An ACK teaches a lease.
#include <cstdio>

#include "apps/sides.h"
#include "apps/text.h"

namespace vmoat {
namespace {

constexpr uint16_t ports[] = {67, 68};
constexpr uint32_t magic = 0x63825363;
constexpr size_t vendor_bytes = 64;  // of BOOTP, all zero where nothing is said
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

bool is_zero(Bytes bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](uint8_t byte) { return byte == 0; });
}

/** Ethernet, zeros behind its address, names of server and file that are text up to their zeros. */
bool is_bootp(uint8_t kind, uint8_t length, Bytes hardware, Bytes names) {
  const std::string_view server = as_text(names.first(64)), file = as_text(names.subspan(64));
  const auto is_name = [](std::string_view name) {
    const size_t end = std::min(name.find('\0'), name.size());
    return is_text(name.substr(0, end)) &&
           is_zero({reinterpret_cast<const uint8_t*>(name.data()) + end, name.size() - end});
  };
  return kind == 1 && length == 6 && !is_zero(hardware.first(6)) && is_zero(hardware.subspan(6)) &&
         is_name(server) && is_name(file);
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
  const Bytes names = in.bytes(64 + 128);
  if (!in.ok() || op < 1 || op > 2 || mac_length > 16) return message;
  const bool no_vendor = in.left() >= vendor_bytes && is_zero(in.rest());
  const uint32_t cookie = in.be32();
  message.ok = cookie == magic || (no_vendor && is_bootp(bytes[1], mac_length, hardware, names));
  message.reply = op == 2;
  if (mac_length == 6) message.mac = hardware.first(6);
  if (cookie == magic) read_options(in, message);
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
