// smb: SMB 1, 2 and 3 (MS-CIFS, MS-SMB2) over TCP, direct or behind a NetBIOS session request (RFC
// 1002, 4.3).
#include "apps/sides.h"
#include "apps/text.h"

namespace vmoat {
namespace {

constexpr uint16_t ports[] = {445, 139};
enum Session : uint8_t { message = 0x00, request = 0x81, positive = 0x82 };

/** Length-prefixed message that begins with 0xff, 0xfe, 0xfd or 0xfc and "SMB". */
Claim read_message(Bytes bytes) {
  ByteReader in(bytes);
  const uint8_t type = in.u8();
  const uint32_t length = in.be24();
  if (!bytes.empty() && type != message) return Claim::no;
  if (bytes.size() < 4) return Claim::more;
  if (length < 32) return Claim::no;
  if (bytes.size() > 4 && bytes[4] < 0xfc) return Claim::no;
  return bytes.size() > 5 ? begins(bytes.subspan(5), "SMB") : Claim::more;
}

/** A NetBIOS session request or its positive answer stands before the first message. */
Claim read_stream(Bytes bytes) {
  if (bytes.empty()) return Claim::more;
  if (bytes[0] == positive) {
    if (bytes.size() >= 4 && (bytes[1] | bytes[2] | bytes[3])) return Claim::no;
    return bytes.size() <= 4 ? Claim::more : read_message(bytes.subspan(4));
  }
  if (bytes[0] != request) return read_message(bytes);
  ByteReader in(bytes);
  in.u8();
  const uint32_t length = in.be24();
  if (bytes.size() >= 4 && (length < 68 || length > 520)) return Claim::no;
  if (bytes.size() > 4 && bytes[4] != 32) return Claim::no;  // an encoded name of 32 letters
  return bytes.size() <= 4 + length ? Claim::more : read_message(bytes.subspan(4 + length));
}

Claim recognise(const Opening& opening, Findings&) {
  const Claim client = read_stream(opening.client), server = read_stream(opening.server);
  return client == Claim::no || server == Claim::no ? Claim::no : std::max(client, server);
}

}  // namespace

extern const Application smb_application;
const Application smb_application{"smb", over_tcp, ports, recognise};

}  // namespace vmoat
