// tftp: a read or write request (RFC 1350, RFC 2347): file name, mode, options; or the options that are
// accepted. The transfer itself has other ports.
#include "apps/sides.h"
#include "apps/text.h"

namespace vmoat {
namespace {

constexpr uint16_t ports[] = {69};

/** Takes a string up to its zero; fails when there is none. */
std::string_view take_string(ByteReader& in) {
  const std::string_view rest = as_text(in.rest());
  const size_t end = rest.find('\0');
  if (end == rest.npos) {
    in.fail();
    return {};
  }
  in.skip(end + 1);
  return rest.substr(0, end);
}

/** OACK: pairs of an option's name (RFC 2348, RFC 2349, RFC 7440) and its number, to the very end. */
bool accepts_options(ByteReader in) {
  constexpr std::string_view options[] = {"blksize", "tsize", "timeout", "windowsize"};
  int count = 0;
  for (; in.left() > 0; count++) {
    const std::string_view name = take_string(in);
    std::string_view value = take_string(in);
    const bool known =
        std::any_of(std::begin(options), std::end(options), [&](auto o) { return same_letters(o, name); });
    if (!in.ok() || !known || take_number(value, 10) < 0 || !value.empty()) return false;
  }
  return count > 0;
}

Claim recognise(const Opening& opening, Findings& findings) {
  ByteReader in(datagram(opening));
  const uint16_t operation = in.be16();
  if (in.ok() && operation == 6) return accepts_options(in) ? Claim::sure : Claim::no;
  if (!in.ok() || operation < 1 || operation > 2) return Claim::no;
  const std::string_view file = take_string(in), mode = take_string(in);
  if (!in.ok() || file.empty() || !is_text(file)) return Claim::no;
  if (!same_letters(mode, "octet") && !same_letters(mode, "netascii") && !same_letters(mode, "mail"))
    return Claim::no;
  while (in.left() > 0)
    if (!is_text(take_string(in)) || !in.ok()) return Claim::no;
  findings.fact(Fact::tftp_file, file);
  if (from_server(opening)) findings.ends_swapped();
  return Claim::sure;
}

}  // namespace

extern const Application tftp_application;
const Application tftp_application{"tftp", over_udp, ports, recognise};

}  // namespace vmoat
