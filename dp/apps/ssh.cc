// ssh: SSH 1 and 2 (RFC 4253, 4.2). Both ends begin with "SSH-version-software"; a key exchange shows it
// mid-stream.
#include "apps/sides.h"
#include "apps/text.h"

namespace vmoat {
namespace {

constexpr uint16_t ports[] = {22, 2222};
constexpr size_t banner_bytes_max = 255;

struct Banner {
  Claim claim = Claim::more;
  std::string_view text;  // empty until the line is complete
};

Banner read_banner(Bytes bytes) {
  constexpr std::string_view shape = "SSH-d.d";
  std::string_view text = as_text(bytes);
  for (size_t i = 0; i < std::min(text.size(), shape.size()); i++)
    if (shape[i] == 'd' ? !is_digit(text[i]) : text[i] != shape[i]) return {Claim::no, {}};
  if (text.size() < shape.size() + 3) return {Claim::more, {}};  // "SSH-1.99-"
  const Line line = take_line(text);
  if (!is_text(line.text) || line.text.find('-', shape.size()) > shape.size() + 2) return {Claim::no, {}};
  if (line.text.size() > banner_bytes_max) return {Claim::no, {}};
  return {Claim::sure, line.complete ? line.text : std::string_view{}};
}

/** SSH_MSG_KEXINIT (RFC 4253, 7.1): packet length, padding length, 20, cookie, name-list of key exchanges. */
bool is_key_exchange(Bytes bytes) {
  ByteReader in(bytes);
  const uint32_t length = in.be32();
  const uint8_t padding = in.u8(), message = in.u8();
  in.skip(16);
  const uint32_t names = in.be32();
  if (!in.ok() || length > 35000 || padding < 4 || message != 20 || names < 4 || names > length) return false;
  const std::string_view list = in.text(std::min<size_t>(names, in.left()));
  return is_text(list) && (list.find("diffie-hellman") != list.npos || list.find("curve25519") != list.npos ||
                           list.find("ecdh-sha2") != list.npos);
}

Claim recognise(const Opening& opening, Findings& findings) {
  const Banner client = read_banner(opening.client), server = read_banner(opening.server);
  if (opening.midstream && (is_key_exchange(opening.client) || is_key_exchange(opening.server)))
    return Claim::sure;
  // A server may greet before its banner, a client may not.
  if (client.claim == Claim::no || (server.claim == Claim::no && client.claim != Claim::sure))
    return Claim::no;
  const Claim claim = std::max(client.claim, server.claim);
  if (claim != Claim::sure) return claim;
  if (!client.text.empty()) findings.fact(Fact::ssh_client, client.text);
  if (!server.text.empty()) findings.fact(Fact::ssh_server, server.text);
  if (client.text.empty() || server.text.empty()) findings.unfinished();
  return claim;
}

}  // namespace

extern const Application ssh_application;
const Application ssh_application{"ssh", over_tcp, ports, recognise};

}  // namespace vmoat
