#include "apps/tls_stream.h"

#include <algorithm>

#include "apps/certificate.h"

namespace vmoat {

namespace {

constexpr size_t record_bytes_max = 16384 + 2048;
enum Content : uint8_t { change_cipher = 20, alert, handshake, application_data };
constexpr uint32_t message_bytes_max = 1 << 17;

/** The SSLv2-style hello: every length must add up. */
TlsSide read_old_hello(Bytes bytes) {
  ByteReader in(bytes);
  const uint16_t length = in.be16() & 0x7fff;
  TlsSide side;
  const uint8_t type = in.u8();
  side.old_version = in.be16();
  const uint16_t ciphers = in.be16(), session = in.be16(), challenge = in.be16();
  side.claim = Claim::no;
  if (bytes.size() > 2 && type != tls_client_hello) return side;
  if (bytes.size() > 3 && bytes[3] != 3 && bytes[3] != 0) return side;
  if (!in.ok()) side.claim = Claim::more;
  if (!in.ok() || (side.old_version != 2 && !is_tls_version(side.old_version))) return side;
  if (ciphers == 0 || ciphers % 3 != 0 || (session != 0 && session != 16)) return side;
  if (challenge < 16 || challenge > 32 || length != 9 + ciphers + session + challenge) return side;
  side.claim = Claim::sure;
  side.old = side.finished = true;
  return side;
}

}  // namespace

Claim read_tls_record(ByteReader& in, uint8_t& type, uint16_t& length) {
  const Bytes head = in.rest();
  if (!head.empty() && (head[0] < change_cipher || head[0] > application_data)) return Claim::no;
  if (head.size() > 1 && head[1] != 3) return Claim::no;
  if (head.size() > 2 && head[2] > 4) return Claim::no;
  type = in.u8();
  in.be16();
  length = in.be16();
  if (!in.ok()) return Claim::more;
  return length == 0 || length > record_bytes_max ? Claim::no : Claim::sure;
}

void TlsStream::gather(Bytes stream, Messages& messages) {
  ByteReader in(stream);
  while (in.left() > 0) {
    uint8_t type = 0;
    uint16_t length = 0;
    const Claim claim = read_tls_record(in, type, length);
    messages.wrong = claim == Claim::no;
    messages.ended = claim == Claim::no || (claim == Claim::sure && type != handshake);
    if (claim != Claim::sure || messages.ended) return;
    const Bytes body = in.bytes(std::min<size_t>(in.left(), length));
    const size_t count = std::min(body.size(), messages.bytes.size() - messages.size);
    std::copy_n(body.begin(), count, messages.bytes.begin() + static_cast<ptrdiff_t>(messages.size));
    messages.size += count;
  }
}

/** The first record must begin a hello; a hello cut over several records is put together. */
TlsSide TlsStream::read_side(Bytes stream, TlsHandshake from, bool cut, Messages& messages) {
  if (from == tls_client_hello && !stream.empty() && (stream[0] & 0x80) != 0) return read_old_hello(stream);
  TlsSide side;
  ByteReader in(stream);
  uint8_t type = 0;
  uint16_t record = 0;
  side.claim = read_tls_record(in, type, record);
  if (side.claim != Claim::sure) return side;
  side.claim = Claim::no;
  if (type != handshake) return side;
  gather(stream, messages);
  ByteReader message(messages.view());
  const uint8_t kind = message.u8();
  if (message.ok() && kind != from) return side;
  const uint32_t length = message.be24();
  if (message.ok() && (length < 38 || length > message_bytes_max || (record < 4 + length && record < 48)))
    return side;
  const Bytes body = message.rest().first(std::min<size_t>(message.left(), length));
  const bool good =
      from == tls_client_hello ? read_client_hello(body, side.client) : read_server_hello(body, side.server);
  if (!good) return side;
  side.whole = message.ok() && body.size() == length;
  const bool last = cut || messages.ended || stream.size() >= opening_bytes_max;
  side.claim = side.whole || (body.size() >= 2 && last) ? Claim::sure : Claim::more;
  if (side.claim == Claim::more && messages.wrong) side.claim = Claim::no;
  side.finished = side.claim == Claim::sure;
  return side;
}

/** True while the server's certificate is still to come; TLS 1.3 hides it, a resumed session has none. */
bool TlsStream::is_certificate_due(const TlsSide& side, const Messages& messages, Bytes& certificate) {
  if (side.claim != Claim::sure || !side.whole || side.server.version > 0x0303) return false;
  ByteReader in(messages.view());
  in.u8();
  in.skip(in.be24());
  const uint8_t kind = in.u8();
  const uint32_t length = in.be24();
  const uint32_t list = in.be24(), first = in.be24();
  const bool full = messages.size == messages.bytes.size();
  if (!in.ok()) return !messages.ended && !full;
  if (kind != tls_certificate || list + 3 > length || first + 3 > list) return false;
  certificate = in.bytes(std::min<size_t>(in.left(), first));
  return certificate.size() < first && !messages.ended && !full;
}

TlsStream::TlsStream(Bytes client, Bytes server, bool cut) {
  client_ = read_side(client, tls_client_hello, cut, client_messages_);
  server_ = read_side(server, tls_server_hello, cut, server_messages_);
  refused_ = !server.empty() && server[0] == alert && client_.claim == Claim::sure;
  if (is_certificate_due(server_, server_messages_, certificate_)) server_.finished = false;
}

std::string_view TlsStream::alpn() const {
  return server_.server.alpn.empty() ? client_.client.alpn : server_.server.alpn;
}

void TlsStream::note(Findings& findings) const {
  if (client_.claim == Claim::sure && client_.old) note_tls_version(client_.old_version, findings);
  if (client_.claim == Claim::sure && !client_.old)
    note_client_hello(client_.client, client_.whole, 't', findings);
  if (server_.claim == Claim::sure) note_server_hello(server_.server, findings);
  if (!certificate_.empty()) note_certificate(certificate_, findings);
}

void note_switched_to_tls(Bytes client, Bytes server, bool cut, Findings& findings) {
  const TlsStream stream(client, server, cut);
  if (stream.client().claim != Claim::sure) {
    if (stream.client().claim == Claim::more) findings.unfinished();
    return;
  }
  stream.note(findings);
  findings.layer("tls");
  if (!stream.finished() && stream.server().claim != Claim::no) findings.unfinished();
}

void note_text_switch(Bytes client, Bytes server, bool cut, bool waits, Findings& findings) {
  const Bytes hello = tls_behind_text(client);
  if (!hello.empty()) return note_switched_to_tls(hello, tls_behind_text(server), cut, findings);
  if (waits && !cut) findings.unfinished();
}

Bytes tls_behind_text(Bytes stream) {
  for (size_t at = 1; at + 1 < stream.size(); at++)
    if (stream[at - 1] == '\n' && stream[at] == handshake && stream[at + 1] == 3) return stream.subspan(at);
  return {};
}

}  // namespace vmoat
