// voltdb: the login of VoltDB's client wire protocol (docs.voltdb.com, "Client Wire Protocol"): the service
// "database", a user and the hash of a password, which end with the message.
#include "apps/sides.h"
#include "apps/text.h"

namespace vmoat {
namespace {

constexpr uint16_t ports[] = {21212};
constexpr uint32_t login_bytes_max = 1024, name_bytes_max = 256;
constexpr size_t sha1_bytes = 20, sha256_bytes = 32;
constexpr std::string_view services[] = {"database", "export"};

/** A string behind its length of four bytes; fails where it is longer than a name may be. */
std::string_view take_string(ByteReader& in) {
  const uint32_t length = in.be32();
  if (length > name_bytes_max) in.fail();
  return in.text(length);
}

/** Version 0: SHA-1 always; version 1 says which hash it is (0 SHA-1, 1 SHA-256). */
bool is_login(ByteReader in) {
  const uint8_t version = in.u8();
  const uint8_t scheme = version == 1 ? in.u8() : 0;
  const std::string_view service = take_string(in), user = take_string(in);
  if (!in.ok() || version > 1 || scheme > 1 || !is_text(user)) return false;
  if (std::find(std::begin(services), std::end(services), service) == std::end(services)) return false;
  return in.left() == (scheme == 0 ? sha1_bytes : sha256_bytes);
}

Claim read_login(Bytes bytes) {
  ByteReader in(bytes);
  const uint32_t length = in.be32();
  if (!bytes.empty() && bytes[0] != 0) return Claim::no;
  if (bytes.size() >= 4 && (length < 33 || length > login_bytes_max)) return Claim::no;
  if (bytes.size() > 4 && bytes[4] > 1) return Claim::no;
  if (!in.ok() || in.left() < length) return Claim::more;
  return is_login(ByteReader(in.bytes(length))) ? Claim::sure : Claim::no;
}

Claim judge(Bytes client, Bytes, const Opening&, Findings&) {
  return read_login(client);
}

Claim recognise(const Opening& opening, Findings& findings) {
  return either_way(opening, findings, judge);
}

}  // namespace

extern const Application voltdb_application;
const Application voltdb_application{"voltdb", over_tcp, ports, recognise};

}  // namespace vmoat
