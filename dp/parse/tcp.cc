// TCP: header, options, flag combinations that no stack sends (RFC 9293).
#include <algorithm>

#include "base/endian.h"
#include "parse/headers.h"

namespace vmoat {

namespace {

constexpr uint8_t option_end = 0, option_nop = 1, option_mss = 2, option_window_scale = 3,
                  option_fast_open = 34;

void read_options(Bytes options, Packet& packet) {
  while (!options.empty() && options[0] != option_end) {
    if (options[0] == option_nop) {
      options = options.subspan(1);
      continue;
    }
    if (options.size() < 2 || options[1] < 2 || options[1] > options.size())
      return packet.odd(Anomaly::tcp_options);
    if (options[0] == option_mss && options[1] == 4) packet.mss = load_be16(&options[2]);
    if (options[0] == option_window_scale && options[1] == 3) {
      packet.window_scale = std::min<uint8_t>(options[2], 14);  // RFC 7323 2.3
      packet.has_window_scale = true;
    }
    if (options[0] == option_fast_open) packet.fast_open = true;
    options = options.subspan(options[1]);
  }
}

void check_flags(Packet& packet) {
  const uint8_t f = packet.tcp_flags & 0x3f;
  if ((f & (tcp_syn | tcp_rst | tcp_ack | tcp_fin)) == tcp_ack) return;
  if (f == 0) packet.odd(Anomaly::tcp_no_flags);
  if ((f & (tcp_fin | tcp_psh | tcp_urg)) == (tcp_fin | tcp_psh | tcp_urg)) packet.odd(Anomaly::tcp_xmas);
  if ((f & (tcp_syn | tcp_fin)) == (tcp_syn | tcp_fin)) packet.odd(Anomaly::tcp_syn_fin);
  if ((f & (tcp_syn | tcp_rst)) == (tcp_syn | tcp_rst)) packet.odd(Anomaly::tcp_syn_rst);
  if ((f & (tcp_fin | tcp_ack | tcp_syn | tcp_rst)) == tcp_fin) packet.odd(Anomaly::tcp_fin_without_ack);
  if ((f & tcp_syn) != 0 && packet.payload_length > 0) packet.odd(Anomaly::tcp_syn_data);
}

}  // namespace

bool parse_tcp(Packet& packet) {
  const Bytes bytes = packet.body;
  if (bytes.size() >= 4) {
    packet.sport = load_be16(&bytes[0]);
    packet.dport = load_be16(&bytes[2]);
  }
  if (bytes.size() < 20) return packet.odd(Anomaly::tcp_short), false;
  const uint32_t header = (bytes[12] >> 4) * 4u;
  if (header < 20 || header > packet.body_length) return packet.odd(Anomaly::tcp_header_length), false;
  packet.seq = load_be32(&bytes[4]);
  packet.ack = load_be32(&bytes[8]);
  packet.tcp_flags = bytes[13];
  packet.window = load_be16(&bytes[14]);
  const size_t held = std::min<size_t>(header, bytes.size());
  packet.payload = bytes.subspan(held);
  packet.payload_length = packet.body_length - header;
  if (held > 20 && (packet.tcp_flags & tcp_syn) != 0) read_options(bytes.subspan(20, held - 20), packet);
  check_flags(packet);
  return true;
}

}  // namespace vmoat
