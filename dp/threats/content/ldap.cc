// The splitter of LDAP (RFC 4511, 4.2.2): a BindResponse of invalidCredentials (49) is a login that was
// refused.
#include <algorithm>

#include "apps/ber.h"
#include "threats/content/content.h"

namespace vmoat {
namespace {

constexpr uint8_t bind_response = 0x61;
constexpr int64_t invalid_credentials = 49;
constexpr size_t tag_and_length_max = 6, head_bytes_max = 64;

bool is_refusal(Bytes message) {
  ByteReader in(message);
  take_ber_number(in);  // messageID
  const BerItem answer = take_ber(in);
  ByteReader body(answer.body);
  return answer.tag == bind_response && take_ber_number(body, ber_enumerated) == invalid_credentials;
}

size_t split(const Content& content, ContentState&, ContentSink& sink) {
  size_t taken = 0;
  while (taken < content.data.size()) {
    ByteReader in(content.data.subspan(taken));
    const size_t at_hand = in.left();
    const BerItem message = take_ber(in);
    if (!in.ok()) return at_hand < tag_and_length_max ? taken : content_done;
    if (message.tag != ber_sequence) return content_done;
    if (message.body.size() < std::min<size_t>(message.length, head_bytes_max) && !content.cut) break;
    if (is_refusal(message.body)) sink.login({.application = "ldap", .reason = "invalidCredentials"});
    taken += in.offset() - message.body.size() + message.length;
  }
  return taken;
}

}  // namespace

extern const Splitter ldap_splitter;
const Splitter ldap_splitter{"ldap", 0, 16384, split};

}  // namespace vmoat
