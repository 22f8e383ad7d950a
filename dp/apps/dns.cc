// dns: DNS messages (RFC 1035) over UDP and TCP, multicast DNS (RFC 6762) and LLMNR, which share the format.
// A message is DNS when every name and record in it reads to its very end. It is read on: answers teach
// names.
#include <array>
#include <charconv>
#include <cstdio>

#include "apps/dns_answers.h"
#include "apps/dns_name.h"
#include "apps/lines.h"

namespace vmoat {
namespace {

constexpr uint16_t ports[] = {53, 5353, 5355};
constexpr size_t header_bytes = 12;
constexpr uint16_t type_a = 1, type_cname = 5, type_aaaa = 28, type_opt = 41, type_nb = 32, type_nbstat = 33;

struct Message {
  Claim claim = Claim::no;
  bool response = false;
  uint16_t type = 0;
  uint8_t code = 0;
  DnsName question;
  uint32_t ttl = UINT32_MAX;  // the smallest of the addresses
  std::array<char, 256> answers;
  size_t answers_size = 0;
};

/** Classes of RFC 6895; the top bit is mDNS's cache-flush and unicast-reply mark. */
bool is_class(uint16_t value) {
  const uint16_t plain = value & 0x7fff;
  return plain == 1 || plain == 3 || plain == 4 || plain == 254 || plain == 255;
}

bool is_type(uint16_t type) {
  return (type >= 1 && type <= 300) || type == 32768 || type == 32769 || type >= 65280;
}

void add_answer(Message& message, std::string_view text) {
  const size_t comma = message.answers_size > 0 ? 1 : 0;
  if (message.answers_size + comma + text.size() > 255) return;
  if (comma) message.answers[message.answers_size++] = ',';
  std::copy(text.begin(), text.end(), message.answers.begin() + static_cast<ptrdiff_t>(message.answers_size));
  message.answers_size += text.size();
}

/** An IPv6 address in hexadecimal groups, the longest run of zeros as "::" (RFC 5952). */
std::string_view write_ipv6(Bytes address, std::array<char, 48>& buffer) {
  std::array<uint16_t, 8> groups;
  for (size_t i = 0; i < 8; i++) groups[i] = static_cast<uint16_t>(address[2 * i] << 8 | address[2 * i + 1]);
  size_t best = 8, best_length = 1;
  for (size_t i = 0; i < 8; i++) {
    size_t end = i;
    while (end < 8 && groups[end] == 0) end++;
    if (end - i > best_length) best = i, best_length = end - i;
  }
  size_t size = 0;
  for (size_t i = 0; i < 8; i++) {
    if (i == best) {
      buffer[size++] = ':';
      if (i == 0) buffer[size++] = ':';
      i += best_length - 1;
      continue;
    }
    const char* form = i < 7 ? "%x:" : "%x";
    size += static_cast<size_t>(std::snprintf(buffer.data() + size, buffer.size() - size, form, groups[i]));
  }
  return {buffer.data(), size};
}

void note_answer(Bytes whole, ByteReader data, uint16_t type, uint16_t length, Message& message) {
  std::array<char, 48> text;
  if (type == type_a && length == 4) {
    const Bytes a = data.bytes(4);
    const int size = std::snprintf(text.data(), text.size(), "%u.%u.%u.%u", a[0], a[1], a[2], a[3]);
    add_answer(message, {text.data(), static_cast<size_t>(size)});
  }
  if (type == type_aaaa && length == 16) add_answer(message, write_ipv6(data.bytes(16), text));
  if (type == type_cname && length > 1) {
    DnsName name;
    if (read_dns_name(whole, data, name)) add_answer(message, name.view());
  }
}

bool read_record(Bytes whole, ByteReader& in, bool answer, Message& message) {
  DnsName name;
  if (!read_dns_name(whole, in, name)) return false;
  const uint16_t type = in.be16(), record_class = in.be16();
  const uint32_t ttl = in.be32();
  const uint16_t length = in.be16();
  if (!in.ok() || length > in.left()) return false;
  if (!is_type(type) || name.netbios || (type != type_opt && !is_class(record_class))) return false;
  if (answer) note_answer(whole, in, type, length, message);
  if (answer && (type == type_a || type == type_aaaa)) message.ttl = std::min(message.ttl, ttl);
  in.skip(length);
  if (message.question.size == 0) message.question = name;
  return true;
}

bool read_question(Bytes whole, ByteReader& in, Message& message) {
  DnsName name;
  if (!read_dns_name(whole, in, name)) return false;
  const uint16_t type = in.be16(), question_class = in.be16();
  if (!in.ok() || !is_type(type) || !is_class(question_class)) return false;
  if (name.netbios && (type == type_nb || type == type_nbstat)) return false;
  message.question = name;
  message.type = type;
  return true;
}

struct Counts {
  uint16_t questions, answers, authorities, additionals;
};

/** Flags and counts that can be: a known opcode, few questions, and something in it at all. */
bool plausible(uint16_t flags, const Counts& counts) {
  const int opcode = flags >> 11 & 15;
  if (opcode == 3 || opcode > 6) return false;
  const bool response = flags & 0x8000;
  if (!response && opcode == 0 && (flags & 15) != 0) return false;
  const bool inverse = opcode == 1 && counts.answers > 0;  // RFC 1035, 6.4: the answer is what is asked
  if (counts.questions == 0 && !inverse && !(response && counts.answers + (flags & 15) > 0)) return false;
  return counts.questions <= 32 && counts.answers <= 512 && counts.authorities <= 256 &&
         counts.additionals <= 256;
}

/** Reads one message. `cut`: the bytes end before the message does, so that only the questions must read. */
Message read_message(Bytes bytes, bool cut) {
  Message message;
  ByteReader in(bytes);
  in.be16();
  const uint16_t flags = in.be16();
  const Counts counts{in.be16(), in.be16(), in.be16(), in.be16()};
  if (!in.ok() || !plausible(flags, counts)) return message;
  message.response = flags & 0x8000;
  message.code = flags & 15;
  for (int i = 0; i < counts.questions; i++)
    if (!read_question(bytes, in, message)) return message;
  const int records = counts.answers + counts.authorities + counts.additionals;
  bool whole = true;
  for (int i = 0; whole && i < records; i++) whole = read_record(bytes, in, i < counts.answers, message);
  if (whole && in.left() == 0 && (counts.questions > 0 || records > 0))
    message.claim = Claim::sure;
  else if (counts.questions > 0 && message.question.size > 0)
    message.claim = cut ? Claim::sure : Claim::guess;
  // A refusal may consist of the header alone; nothing in it proves DNS.
  return message;
}

std::string_view type_name(uint16_t type, std::array<char, 16>& buffer) {
  struct Entry {
    uint16_t type;
    std::string_view name;
  };
  constexpr Entry entries[] = {{1, "A"},      {2, "NS"},     {5, "CNAME"},   {6, "SOA"},   {10, "NULL"},
                               {12, "PTR"},   {15, "MX"},    {16, "TXT"},    {28, "AAAA"}, {33, "SRV"},
                               {35, "NAPTR"}, {43, "DS"},    {48, "DNSKEY"}, {64, "SVCB"}, {65, "HTTPS"},
                               {251, "IXFR"}, {252, "AXFR"}, {255, "ANY"}};
  for (const Entry& entry : entries)
    if (entry.type == type) return entry.name;
  return {buffer.data(), static_cast<size_t>(std::snprintf(buffer.data(), buffer.size(), "TYPE%u", type))};
}

std::string_view code_name(uint8_t code) {
  constexpr std::string_view names[] = {"NOERROR",  "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED",
                                        "YXDOMAIN", "YXRRSET", "NXRRSET",  "NOTAUTH",  "NOTZONE"};
  return code < std::size(names) ? names[code] : "RESERVED";
}

void note(const Message& message, Findings& findings) {
  std::array<char, 16> buffer;
  findings.fact(Fact::dns_query, message.question.size > 0 ? message.question.view() : ".");
  if (message.type != 0) findings.fact(Fact::dns_type, type_name(message.type, buffer));
  if (!message.response) return;
  findings.fact(Fact::dns_rcode, code_name(message.code));
  if (message.answers_size > 0)
    findings.fact(Fact::dns_answer, {message.answers.data(), message.answers_size});
  if (message.ttl == UINT32_MAX) return;
  std::array<char, 10> ttl;
  const char* const end = std::to_chars(ttl.begin(), ttl.end(), message.ttl).ptr;
  findings.fact(Fact::dns_ttl, {ttl.begin(), static_cast<size_t>(end - ttl.begin())});
}

/** A query from the server's side, or an answer from the client's, says that the flow is the other way round.
 */
void note_side(const Message& message, bool server_spoke, const Opening& opening, Findings& findings) {
  const bool multicast = opening.client_port == opening.server_port;
  if (!opening.direction_seen && !multicast && message.response != server_spoke) findings.ends_swapped();
}

Claim recognise_datagram(const Opening& opening, Findings& findings) {
  const Message message = read_message(datagram(opening), opening.cut);
  if (message.claim < Claim::guess) return Claim::no;
  note(message, findings);
  note_side(message, from_server(opening), opening, findings);
  return message.claim;
}

/** TCP: two bytes of length, then the message (RFC 1035, 4.2.2). */
Message read_stream(Bytes bytes, bool last) {
  Message message;
  message.claim = Claim::more;
  ByteReader in(bytes);
  const uint16_t length = in.be16();
  if (!in.ok()) return message;
  const Bytes body = in.bytes(std::min<size_t>(length, in.left()));
  const bool whole = body.size() == length;
  if (length < header_bytes + 5) return {};
  if (body.size() < 4 && !whole) return message;
  ByteReader head(body.subspan(2));
  const uint16_t flags = head.be16();
  const Counts counts{head.be16(), head.be16(), head.be16(), head.be16()};
  if (head.ok() ? !plausible(flags, counts) : (flags >> 11 & 15) > 6 || (flags & 0x40)) return {};
  if (whole || last) return read_message(body, !whole);
  return message;
}

/** Queries come from one side and responses from the other; from which is checked where the SYN was seen. */
bool sides_agree(const Message& client, const Message& server, bool direction_seen) {
  const bool asked = client.claim >= Claim::guess, answered = server.claim >= Claim::guess;
  if (direction_seen && ((asked && client.response) || (answered && !server.response))) return false;
  return !asked || !answered || client.response != server.response;
}

Claim recognise_stream(const Opening& opening, Findings& findings) {
  const bool last =
      opening.cut || std::max(opening.client.size(), opening.server.size()) >= opening_bytes_max;
  const Message client = read_stream(opening.client, last), server = read_stream(opening.server, last);
  if (client.claim == Claim::no || server.claim == Claim::no) return Claim::no;
  if (!sides_agree(client, server, opening.direction_seen)) return Claim::no;
  const Claim claim = std::max(client.claim, server.claim);
  if (claim < Claim::guess) return claim;
  if (client.claim >= Claim::guess) note(client, findings);
  if (server.claim >= Claim::guess) note(server, findings);
  note_side(client.claim >= Claim::guess ? client : server, client.claim < Claim::guess, opening, findings);
  return claim;
}

Claim recognise(const Opening& opening, Findings& findings) {
  return opening.transport == over_udp ? recognise_datagram(opening, findings)
                                       : recognise_stream(opening, findings);
}

void follow_message(Bytes bytes, bool cut, const Opening& opening, Findings& findings) {
  const Message message = read_message(bytes, cut);
  if (message.claim < Claim::guess) return;
  note(message, findings);
  hear_names(bytes, from_server(opening), findings);
}

constexpr size_t stream_bytes_max = 65536;  // of one chunk that are looked at

/** Messages of a stream, however it was cut into segments; of one that fits no window its beginning is read.
 */
void follow_stream(const Opening& opening, Findings& findings) {
  const Joined<kept_bytes_max + stream_bytes_max> joined(opening);
  const bool kept = !kept_of_speaker(opening).empty();
  Bytes rest = kept ? as_bytes(joined.view()) : datagram(opening);
  while (!rest.empty()) {
    ByteReader in(rest);
    const uint16_t length = in.be16();
    const bool whole = in.ok() && in.left() >= length;
    if (!whole && rest.size() < kept_bytes_max && !opening.cut) break;
    const Bytes message = in.bytes(std::min<size_t>(length, in.left()));
    follow_message(message, !whole, opening, findings);
    rest = in.rest();
  }
  if (kept || !rest.empty()) findings.keep(rest);
}

/** Facts are of the last message; of names each answer tells. */
void follow(const Opening& opening, Findings& findings) {
  if (opening.transport == over_udp) return follow_message(datagram(opening), opening.cut, opening, findings);
  follow_stream(opening, findings);
}

}  // namespace

extern const Application dns_application;
const Application dns_application{"dns", over_tcp | over_udp, ports, recognise, Appetite::control, follow};

}  // namespace vmoat
