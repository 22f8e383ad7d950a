// vnc: RFB (RFC 6143, 7.1.1): both ends say "RFB xxx.yyy" and a line feed.
#include "apps/sides.h"
#include "apps/text.h"

namespace vmoat {
namespace {

constexpr uint16_t ports[] = {5900, 5901};

Claim read_version(Bytes bytes) {
  constexpr std::string_view shape = "RFB ddd.ddd\n";
  const std::string_view text = as_text(bytes).substr(0, shape.size());
  for (size_t i = 0; i < text.size(); i++)
    if (shape[i] == 'd' ? !is_digit(text[i]) : text[i] != shape[i]) return Claim::no;
  return text.size() == shape.size() ? Claim::sure : Claim::more;
}

Claim recognise(const Opening& opening, Findings& findings) {
  const Claim client = read_version(opening.client), server = read_version(opening.server);
  if (client == Claim::no || server == Claim::no) return Claim::no;
  const Claim claim = std::max(client, server);
  if (claim == Claim::sure)
    findings.fact(Fact::vnc_version,
                  as_text(server == Claim::sure ? opening.server : opening.client).substr(4, 7));
  return claim;
}

}  // namespace

extern const Application vnc_application;
const Application vnc_application{"vnc", over_tcp, ports, recognise};

}  // namespace vmoat
