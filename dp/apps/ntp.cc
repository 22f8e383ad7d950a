// ntp: NTP and SNTP versions 1–4 (RFC 5905) and control messages (RFC 9327). 48 bytes have no magic, so the
// relations between the timestamps decide how sure it is.
#include <array>
#include <cstdio>
#include <cstdlib>

#include "apps/sides.h"
#include "apps/text.h"

namespace vmoat {
namespace {

constexpr uint16_t ports[] = {123};
constexpr size_t header_bytes = 48;
constexpr uint32_t near_s = 86400;
enum Mode : uint8_t { symmetric_active = 1, symmetric_passive, client, server, broadcast, control };

struct Packet {
  uint8_t leap, version, mode, stratum;
  int8_t poll, precision;
  uint32_t delay, dispersion;
  std::array<uint64_t, 4> times;  // reference, origin, receive, transmit: seconds << 32 | fraction
};

uint32_t seconds_between(uint64_t a, uint64_t b) {
  const auto difference =
      static_cast<int32_t>(static_cast<uint32_t>(a >> 32) - static_cast<uint32_t>(b >> 32));
  return static_cast<uint32_t>(std::abs(static_cast<int64_t>(difference)));
}

Packet read_packet(ByteReader in) {
  Packet p{};
  const uint8_t first = in.u8();
  p.leap = first >> 6;
  p.version = first >> 3 & 7;
  p.mode = first & 7;
  p.stratum = in.u8();
  p.poll = static_cast<int8_t>(in.u8());
  p.precision = static_cast<int8_t>(in.u8());
  p.delay = in.be32();
  p.dispersion = in.be32();
  in.skip(4);
  for (uint64_t& time : p.times) time = in.be64();
  return p;
}

/** Lengths: the header, then extension fields of at least 16 bytes, a key id with MD5, SHA-1 or nothing. */
bool is_length(size_t size) {
  return size == header_bytes || (size > header_bytes && size <= 1500 && size % 4 == 0);
}

/** All timestamps that are set lie within a day of the transmission; none may be missing in a server's
 * answer. */
bool times_agree(const Packet& p) {
  int set = 0;
  for (size_t i = 0; i < 3; i++) {
    if (p.times[i] == 0) continue;
    if (seconds_between(p.times[i], p.times[3]) > (i == 0 ? 30 * near_s : near_s)) return false;
    set++;
  }
  return set >= 2;
}

Claim judge_server(const Packet& p) {
  const bool sane = p.stratum <= 16 && p.precision <= 0 && p.delay >> 16 < 64 && p.times[3] != 0;
  if (!sane) return Claim::no;
  return times_agree(p) && seconds_between(p.times[2], p.times[3]) <= 64 ? Claim::sure : Claim::guess;
}

/** A client says little: all zeros but the transmission, or the state of its own clock. */
Claim judge_client(const Packet& p) {
  if (p.stratum > 16 || p.poll > 17 || p.poll < -6 || p.delay >> 16 > 64) return Claim::no;
  const bool blank = p.mode == client && p.stratum == 0 && p.delay == 0 && p.dispersion == 0 &&
                     p.times[0] == 0 && p.times[1] == 0 && p.times[2] == 0;
  return blank || (times_agree(p) && p.precision < 0) ? Claim::sure : Claim::guess;
}

/** Mode 6 (RFC 9327, 2): the count must fit the datagram. A request has no more than that to show. */
Claim judge_control(Bytes bytes) {
  ByteReader in(bytes);
  const uint8_t first = in.u8(), operation = in.u8();
  in.skip(6);
  const uint16_t offset = in.be16(), count = in.be16();
  if (!in.ok() || first >> 6 != 0 || (operation & 31) > 31 || offset > 65000) return Claim::no;
  const size_t padded = (count + 3U) & ~3U;
  if (in.left() != padded && in.left() != count && in.left() != padded + 20 && in.left() != padded + 24)
    return Claim::no;
  const bool response = operation & 0x80;
  return response && count > 0 && is_text(in.text(1)) ? Claim::sure : Claim::guess;
}

void note(const Packet& p, Findings& findings) {
  constexpr std::string_view modes[] = {"reserved", "active",    "passive", "client",
                                        "server",   "broadcast", "control", "private"};
  const char version = static_cast<char>('0' + p.version);
  findings.fact(Fact::ntp_version, {&version, 1});
  findings.fact(Fact::ntp_mode, modes[p.mode]);
}

Claim recognise(const Opening& opening, Findings& findings) {
  const Bytes bytes = datagram(opening);
  if (bytes.size() < 12) return Claim::no;
  const Packet p = read_packet(ByteReader(bytes));
  if (p.version < 1 || p.version > 4 || p.mode < symmetric_active || p.mode > control) return Claim::no;
  if (p.mode != control && !is_length(bytes.size())) return Claim::no;
  Claim claim = Claim::no;
  if (p.mode == control)
    claim = judge_control(bytes);
  else if (p.mode == server || p.mode == broadcast)
    claim = judge_server(p);
  else
    claim = judge_client(p);
  if (claim < Claim::guess) return Claim::no;
  note(p, findings);
  const bool wrong_way = from_server(opening) ? p.mode == client : p.mode == server;
  if (wrong_way) findings.ends_swapped();
  return claim;
}

}  // namespace

extern const Application ntp_application;
const Application ntp_application{"ntp", over_udp, ports, recognise};

}  // namespace vmoat
