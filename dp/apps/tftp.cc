// tftp: a read or write request (RFC 1350, RFC 2347): file name, mode, options; or the options that are
// accepted. The transfer, from another port of the server's, is announced.
#include "apps/sides.h"
#include "apps/text.h"

namespace vmoat {
namespace {

constexpr uint16_t ports[] = {69};

/** OACK: pairs of an option's name (RFC 2348, RFC 2349, RFC 7440) and its number, to the very end. */
bool accepts_options(ByteReader in) {
  constexpr std::string_view options[] = {"blksize", "tsize", "timeout", "windowsize"};
  int count = 0;
  for (; in.left() > 0; count++) {
    const std::string_view name = take_c_string(in);
    std::string_view value = take_c_string(in);
    const bool known =
        std::any_of(std::begin(options), std::end(options), [&](auto o) { return same_letters(o, name); });
    if (!in.ok() || !known || take_number(value, 10) < 0 || !value.empty()) return false;
  }
  return count > 0;
}

/** DATA, ACK, ERROR, or the options that are agreed on. */
Claim read_transfer(Bytes bytes) {
  ByteReader in(bytes);
  const uint16_t operation = in.be16();
  const size_t left = in.left();
  const bool good = in.ok() && ((operation == 3 && left >= 2) || (operation == 4 && left == 2) ||
                                (operation == 5 && left >= 3 && bytes.back() == 0) ||
                                (operation == 6 && left >= 4 && bytes.back() == 0));
  return good ? Claim::sure : Claim::more;
}

Claim recognise(const Opening& opening, Findings& findings) {
  if (opening.expected) return read_transfer(datagram(opening));
  ByteReader in(datagram(opening));
  const uint16_t operation = in.be16();
  if (in.ok() && operation == 6) return accepts_options(in) ? Claim::sure : Claim::no;
  if (!in.ok() || operation < 1 || operation > 2) return Claim::no;
  const std::string_view file = take_c_string(in), mode = take_c_string(in);
  if (!in.ok() || file.empty() || !is_text(file)) return Claim::no;
  if (!same_letters(mode, "octet") && !same_letters(mode, "netascii") && !same_letters(mode, "mail"))
    return Claim::no;
  while (in.left() > 0)
    if (!is_text(take_c_string(in)) || !in.ok()) return Claim::no;
  findings.fact(Fact::tftp_file, file);
  if (from_server(opening)) findings.ends_swapped();
  return Claim::sure;
}

/** Each request: the server answers from a port of its own (RFC 1350, 4). */
void follow(const Opening& opening, Findings& findings) {
  ByteReader in(datagram(opening));
  const uint16_t operation = in.be16();
  if (!in.ok() || from_server(opening) || operation < 1 || operation > 2) return;
  if (const std::string_view file = take_c_string(in); in.ok() && is_text(file))
    findings.fact(Fact::tftp_file, file);
  findings.expect({.end = Expectation::End::client,
                   .port = opening.client_port,
                   .transport = over_udp,
                   .application = "tftp",
                   .lifetime_s = 30,
                   .is_client = true});
}

}  // namespace

extern const Application tftp_application;
const Application tftp_application{"tftp", over_udp, ports, recognise, Appetite::control, follow};

}  // namespace vmoat
