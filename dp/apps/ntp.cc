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
constexpr uint32_t year_1970 = 0x83aa7e80;  // before it, small numbers of anything look like times
enum Mode : uint8_t {
  symmetric_active = 1,
  symmetric_passive,
  client,
  server,
  broadcast,
  control,
  private_use
};

struct Packet {
  uint8_t leap, version, mode, stratum;
  int8_t poll, precision;
  uint32_t delay, dispersion, reference;
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
  p.reference = in.be32();
  for (uint64_t& time : p.times) time = in.be64();
  return p;
}

/** Lengths: the header, then extension fields of at least 16 bytes, a key id with MD5, SHA-1 or nothing. */
bool is_length(size_t size) {
  return size == header_bytes || (size > header_bytes && size <= 1500 && size % 4 == 0);
}

/** Number of timestamps that are set besides the transmission, or -1 where one of them lies further from it
 * than a day, the reference than a month, or where that is no time of this era (up to 2036). */
int times_near(const Packet& p) {
  int set = 0;
  if (p.times[3] >> 32 < year_1970) return -1;
  for (size_t i = 0; i < 3; i++) {
    if (p.times[i] == 0) continue;
    if (seconds_between(p.times[i], p.times[3]) > (i == 0 ? 30 * near_s : near_s)) return -1;
    set++;
  }
  return set;
}

/** None may be missing in a server's answer. */
bool times_agree(const Packet& p) {
  return times_near(p) >= 2;
}

/** A clock that was set of late, with a stratum, a precision and an interval of polling as clocks have them.
 */
bool has_a_clock(const Packet& p) {
  return p.times[0] != 0 && times_near(p) > 0 && p.stratum >= 1 && p.stratum < 16 && p.precision <= -3 &&
         p.poll >= 3 && p.poll <= 17;
}

/** Stratum 0 with four letters for a reference: why the server will not answer (RFC 5905, 7.4). */
bool is_kiss(const Packet& p) {
  if (p.stratum != 0) return false;
  for (int shift = 24; shift >= 0; shift -= 8)
    if (!is_upper(static_cast<char>(p.reference >> shift & 255))) return false;
  return true;
}

Claim judge_server(const Packet& p) {
  const bool sane = p.stratum <= 16 && p.precision <= 0 && p.delay >> 16 < 64 && p.times[3] != 0;
  if (!sane) return Claim::no;
  const bool answers = times_agree(p) && seconds_between(p.times[2], p.times[3]) <= 64;
  const bool announces = p.mode == broadcast && p.times[1] == 0 && has_a_clock(p);
  return answers || announces || is_kiss(p) ? Claim::sure : Claim::guess;
}

/** A client says little: all zeros but the transmission, or the state of its own clock. */
Claim judge_client(const Packet& p) {
  if (p.stratum > 16 || p.poll > 17 || p.poll < -6 || p.delay >> 16 > 64) return Claim::no;
  constexpr uint32_t one_second = 0x10000;  // what ntpdate and Windows say before they know better
  const bool unset =
      p.times[0] == 0 && p.times[1] == 0 && p.times[2] == 0 && p.reference == 0 && p.stratum == 0;
  const bool blank = unset && p.delay == p.dispersion && (p.delay == 0 || p.delay == one_second);
  if (blank && p.mode == client) return Claim::sure;
  return (times_agree(p) && p.precision < 0) || has_a_clock(p) ? Claim::sure : Claim::guess;
}

bool is_zero(Bytes bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](uint8_t byte) { return byte == 0; });
}

/** Mode 6 (RFC 9327, 2): the count must fit the datagram. A request has no more than that to show. */
Claim judge_control(Bytes bytes) {
  ByteReader in(bytes);
  const uint8_t first = in.u8(), operation = in.u8();
  in.skip(6);
  const uint16_t offset = in.be16(), count = in.be16();
  if (!in.ok() || first >> 6 != 0 || offset > 65000) return Claim::no;
  const size_t padded = (count + 3U) & ~3U;
  if (in.left() != padded && in.left() != count && in.left() != padded + 20 && in.left() != padded + 24)
    return Claim::no;
  const bool response = operation & 0x80;
  return response && count > 0 && is_text(in.text(1)) ? Claim::sure : Claim::guess;
}

/**
 * Mode 7 of ntpd (ntp_request.h), which "monlist" uses: a response's items of one size fill the datagram, a
 * request is zeros behind implementation and number.
 */
Claim judge_private(Bytes bytes) {
  ByteReader in(bytes);
  const uint8_t first = in.u8();
  in.skip(1);
  const uint8_t implementation = in.u8(), request = in.u8();
  const uint16_t items = in.be16() & 0xfff, size = in.be16() & 0xfff;
  if (!in.ok() || implementation > 3 || request > 46) return Claim::no;
  const bool response = first & 0x80;
  const bool lists = implementation == 3 && (request == 20 || request == 42);  // who is monitored
  const bool asks = bytes.size() >= header_bytes || lists;
  if (!response) return asks && is_zero(bytes.subspan(4)) ? Claim::sure : Claim::no;
  if (items == 0 || size == 0) return Claim::no;
  return in.left() == size_t{items} * size ? Claim::sure : Claim::no;
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
  if (bytes.size() < 8) return Claim::no;
  const Packet p = read_packet(ByteReader(bytes));
  if (p.version < 1 || p.version > 4 || p.mode < symmetric_active) return Claim::no;
  if (p.mode < control && !is_length(bytes.size())) return Claim::no;
  Claim claim = Claim::no;
  if (p.mode == control)
    claim = judge_control(bytes);
  else if (p.mode == private_use)
    claim = judge_private(bytes);
  else if (p.mode == server || p.mode == broadcast)
    claim = judge_server(p);
  else
    claim = judge_client(p);
  if (claim < Claim::guess) return Claim::no;
  note(p, findings);
  const bool answers = p.mode == server || (p.mode == private_use && (bytes[0] & 0x80)) ||
                       (p.mode == control && (bytes[1] & 0x80));
  const bool asks = p.mode == client || (p.mode >= control && !answers);
  const bool wrong_way = from_server(opening) ? asks : answers;
  if (wrong_way) findings.ends_swapped();
  return claim;
}

}  // namespace

extern const Application ntp_application;
const Application ntp_application{"ntp", over_udp, ports, recognise};

}  // namespace vmoat
