// tls: TLS 1.0–1.3 (RFC 8446, RFC 5246) and the SSLv2-style hello of old clients (RFC 5246, E.2).
// A hello is unmistakable by its nested lengths; the ALPN that was offered or chosen names the inner layer.
#include <cstdio>

#include "apps/sides.h"
#include "apps/text.h"

namespace vmoat {
namespace {

constexpr uint16_t ports[] = {443, 8443, 993, 995, 465, 853, 636};
constexpr size_t record_bytes_max = 16384 + 2048;
enum Content : uint8_t { change_cipher = 20, alert, handshake, application_data };
enum Handshake : uint8_t { client_hello = 1, server_hello = 2 };

/** What a hello says; views into the opening. */
struct Hello {
  Claim claim = Claim::more;
  bool whole = false;
  uint16_t version = 0;
  std::string_view sni;
  std::string_view alpn;  // the first one offered, or the one chosen
};

bool is_version(uint16_t version) {
  return version >= 0x0300 && version <= 0x0304;
}

struct Record {
  uint8_t type;
  uint16_t version, length;
};

/** The record header at the front; `no` when it cannot be one. */
Claim read_record(ByteReader& in, Record& record) {
  const Bytes head = in.rest();
  if (!head.empty() && (head[0] < change_cipher || head[0] > application_data)) return Claim::no;
  if (head.size() > 1 && head[1] != 3) return Claim::no;
  if (head.size() > 2 && head[2] > 4) return Claim::no;
  record = {in.u8(), in.be16(), in.be16()};
  if (!in.ok()) return Claim::more;
  return record.length == 0 || record.length > record_bytes_max ? Claim::no : Claim::sure;
}

/** server_name: a list of {type, name}; type 0 is the host name (RFC 6066, 3). */
std::string_view read_sni(Bytes body) {
  ByteReader in(body);
  in.be16();
  const uint8_t type = in.u8();
  const std::string_view name = in.text(in.be16());
  return in.ok() && type == 0 ? name : std::string_view{};
}

/** application_layer_protocol_negotiation: the first protocol of the list (RFC 7301, 3.1). */
std::string_view read_alpn(Bytes body) {
  ByteReader in(body);
  in.be16();
  const std::string_view name = in.text(in.u8());
  return in.ok() ? name : std::string_view{};
}

/** supported_versions: the highest of the client's list, or the server's choice; GREASE is passed over. */
uint16_t read_supported_version(Bytes body, Handshake from) {
  ByteReader in(body);
  if (from == client_hello) in.u8();
  uint16_t best = 0;
  while (in.left() >= 2)
    if (const uint16_t version = in.be16(); is_version(version)) best = std::max(best, version);
  return best;
}

void read_extensions(ByteReader& in, Handshake from, Hello& hello) {
  in.be16();
  while (in.left() >= 4) {
    const uint16_t type = in.be16();
    const Bytes body = in.bytes(in.be16());
    if (!in.ok()) return;
    if (type == 0 && from == client_hello) hello.sni = read_sni(body);
    if (type == 16) hello.alpn = read_alpn(body);
    if (type == 43) hello.version = std::max(hello.version, read_supported_version(body, from));
  }
}

/** Ciphers and compressions: lists in a client's hello, one each in a server's. False when their form is
 * wrong. */
bool read_ciphers(ByteReader& in, Handshake from) {
  if (from == server_hello) {
    in.skip(3);
    return true;
  }
  const uint16_t ciphers = in.be16();
  if (in.ok() && (ciphers == 0 || ciphers % 2 != 0)) return false;
  in.skip(ciphers);
  const uint8_t compressions = in.u8();
  if (in.ok() && compressions == 0) return false;
  in.skip(compressions);
  return true;
}

/** A hello's body (RFC 8446, 4.1.2 and 4.1.3) as far as it is there. */
bool read_hello_body(ByteReader in, Handshake from, Hello& hello) {
  hello.version = in.be16();
  if (in.ok() && !is_version(hello.version)) return false;
  in.skip(32);
  const uint8_t session = in.u8();
  if (in.ok() && session > 32) return false;
  in.skip(session);
  if (!read_ciphers(in, from)) return false;
  if (in.left() > 0) read_extensions(in, from, hello);
  return true;
}

/** The SSLv2-style hello: every length must add up. */
Hello read_old_hello(Bytes bytes) {
  ByteReader in(bytes);
  const uint16_t length = in.be16() & 0x7fff;
  Hello hello;
  const uint8_t type = in.u8();
  hello.version = in.be16();
  const uint16_t ciphers = in.be16(), session = in.be16(), challenge = in.be16();
  hello.claim = Claim::no;
  if (bytes.size() > 2 && type != client_hello) return hello;
  if (bytes.size() > 3 && bytes[3] != 3 && bytes[3] != 0) return hello;
  if (!in.ok()) hello.claim = Claim::more;
  if (!in.ok() || (hello.version != 2 && !is_version(hello.version))) return hello;
  if (ciphers == 0 || ciphers % 3 != 0 || (session != 0 && session != 16)) return hello;
  if (challenge < 16 || challenge > 32 || length != 9 + ciphers + session + challenge) return hello;
  hello.claim = Claim::sure;
  hello.whole = true;
  return hello;
}

/** A hello may be cut over several records; the part in the first one is what is read. */
Hello read_hello(Bytes bytes, Handshake from, bool cut) {
  if (from == client_hello && !bytes.empty() && (bytes[0] & 0x80)) return read_old_hello(bytes);
  Hello hello;
  Record record{};
  ByteReader in(bytes);
  hello.claim = read_record(in, record);
  if (hello.claim != Claim::sure) return hello;
  hello.claim = Claim::no;
  if (record.type != handshake) return hello;
  const Bytes body = in.bytes(std::min<size_t>(in.left(), record.length));
  ByteReader message(body);
  const uint8_t type = message.u8();
  if (message.ok() && type != from) return hello;
  const uint32_t length = message.be24();
  if (message.ok() && (length < 38 || length > 1 << 17 || (record.length < 4 + length && record.length < 48)))
    return hello;
  const bool checked = message.left() >= 2;
  if (!read_hello_body(ByteReader(message.rest().first(std::min<size_t>(message.left(), length))), from,
                       hello))
    return hello;
  hello.whole = body.size() >= std::min<size_t>(record.length, 4 + length);
  const bool last = cut || bytes.size() >= opening_bytes_max;
  hello.claim = hello.whole || (checked && last) ? Claim::sure : Claim::more;
  return hello;
}

/** Mid-stream: records one behind the other. Two whole ones and the header of a third are no coincidence. */
Claim read_chain(Bytes bytes) {
  ByteReader in(bytes);
  int whole = 0;
  while (in.left() > 0) {
    Record record{};
    const Claim claim = read_record(in, record);
    if (claim != Claim::sure) return claim == Claim::no ? claim : (whole >= 2 ? Claim::sure : Claim::more);
    if (in.left() < record.length) return whole >= 2 ? Claim::sure : Claim::more;
    in.skip(record.length);
    whole++;
  }
  return whole >= 2 ? Claim::sure : Claim::more;
}

void note_version(uint16_t version, Findings& findings) {
  if (version == 2) return findings.fact(Fact::tls_version, "SSLv2");
  if (version == 0x0300) return findings.fact(Fact::tls_version, "SSLv3");
  const char text[] = {'1', '.', static_cast<char>('0' + (version - 0x0301))};
  findings.fact(Fact::tls_version, {text, sizeof text});
}

void note(const Hello& client, const Hello& server, Findings& findings) {
  const Hello& last = server.claim == Claim::sure ? server : client;
  if (last.claim == Claim::sure && (last.version == 2 || is_version(last.version)))
    note_version(last.version, findings);
  if (!client.sni.empty()) findings.fact(Fact::tls_sni, client.sni);
  const std::string_view alpn = server.alpn.empty() ? client.alpn : server.alpn;
  if (alpn.empty()) return;
  findings.fact(Fact::tls_alpn, alpn);
  if (alpn == "h2" || alpn.starts_with("http/1.")) findings.layer("https");
}

Claim judge(Bytes client, Bytes server, const Opening& opening, Findings& findings) {
  if (opening.midstream) {
    const Claim claim = std::max(read_chain(client), read_chain(server));
    if (claim == Claim::sure) return claim;
  }
  const Hello asked = read_hello(client, client_hello, opening.cut);
  const Hello answered = read_hello(server, server_hello, opening.cut);
  const bool refused = !server.empty() && server[0] == alert && asked.claim == Claim::sure;
  if (asked.claim == Claim::no || (answered.claim == Claim::no && !refused)) return Claim::no;
  const Claim claim = std::max(asked.claim, answered.claim);
  if (claim < Claim::guess) return claim;
  note(asked, answered, findings);
  if (!refused && (asked.claim != Claim::sure || answered.claim != Claim::sure)) findings.unfinished();
  return claim;
}

Claim recognise(const Opening& opening, Findings& findings) {
  return either_way(opening, findings, judge);
}

}  // namespace

extern const Application tls_application;
const Application tls_application{"tls", over_tcp, ports, recognise};

}  // namespace vmoat
