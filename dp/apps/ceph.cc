// ceph: Ceph's messenger (docs.ceph.com, "msgr2 protocol"): both ends begin with the banner "ceph v027" of
// version 1, or "ceph v2" and the features of version 2.
#include "apps/sides.h"
#include "apps/text.h"

namespace vmoat {
namespace {

constexpr uint16_t ports[] = {3300, 6789, 6800, 6801};

/** Banner of version 2: a line feed, 16 as two bytes, supported and required features of 8 bytes each. */
Claim read_second(Bytes bytes) {
  constexpr std::string_view banner("ceph v2\n\x10\0", 10);
  return begins(bytes, banner);
}

/** Banner of version 1: "ceph v0" and two digits; an address follows, whose type stands in four bytes. */
Claim read_first(Bytes bytes) {
  const Claim banner = begins(bytes, "ceph v0");
  if (banner != Claim::sure) return banner;
  for (size_t i = 7; i < std::min<size_t>(bytes.size(), 9); i++)
    if (!is_digit(static_cast<char>(bytes[i]))) return Claim::no;
  return bytes.size() >= 9 ? Claim::sure : Claim::more;
}

Claim read_banner(Bytes bytes) {
  return std::max(read_first(bytes), read_second(bytes));
}

Claim recognise(const Opening& opening, Findings&) {
  const Claim client = read_banner(opening.client), server = read_banner(opening.server);
  return client == Claim::no || server == Claim::no ? Claim::no : std::max(client, server);
}

}  // namespace

extern const Application ceph_application;
const Application ceph_application{"ceph", over_tcp, ports, recognise};

}  // namespace vmoat
