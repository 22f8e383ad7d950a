// wireguard: WireGuard's handshake (wireguard.com/protocol): messages of exact size, three reserved zeros.
// Its data shows no more than a small counter before bytes without a pattern.
#include <bitset>

#include "apps/sides.h"

namespace vmoat {
namespace {

constexpr uint16_t ports[] = {51820};
constexpr size_t initiation_bytes = 148, response_bytes = 92, cookie_bytes = 64, data_bytes_min = 32;

/** The second MAC is zero unless the peer is under load. */
bool second_mac_is_zero(Bytes bytes) {
  const Bytes mac = bytes.last(16);
  return std::all_of(mac.begin(), mac.end(), [](uint8_t byte) { return byte == 0; });
}

/** Sixteen bytes as a cipher makes them: hardly two of them alike. */
bool is_patternless(Bytes bytes) {
  constexpr int different_min = 12;
  std::bitset<256> seen;
  for (uint8_t byte : bytes) seen.set(byte);
  return seen.count() >= different_min;
}

Claim recognise(const Opening& opening, Findings& findings) {
  const Bytes bytes = datagram(opening);
  if (bytes.size() < data_bytes_min || bytes[0] < 1 || bytes[0] > 4 || bytes[1] || bytes[2] || bytes[3])
    return Claim::no;
  const bool initiation = bytes[0] == 1 && bytes.size() == initiation_bytes;
  const bool response = bytes[0] == 2 && bytes.size() == response_bytes;
  if (initiation || response) {
    if (!second_mac_is_zero(bytes)) return Claim::guess;
    if (initiation == from_server(opening)) findings.ends_swapped();
    return Claim::sure;
  }
  if (bytes[0] == 3) return bytes.size() == cookie_bytes ? Claim::guess : Claim::no;
  const bool counts =
      bytes[0] == 4 && bytes.size() % 16 == 0 && !(bytes[12] | bytes[13] | bytes[14] | bytes[15]);
  if (!counts) return Claim::no;
  return is_patternless(bytes.subspan(16, 16)) ? Claim::sure : Claim::guess;
}

}  // namespace

extern const Application wireguard_application;
const Application wireguard_application{"wireguard", over_udp, ports, recognise};

}  // namespace vmoat
