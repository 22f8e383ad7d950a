// kafka: Apache Kafka's protocol: a request header of size, API key, version, correlation id and client id,
// and the response that repeats the correlation id.
#include "apps/sides.h"
#include "apps/text.h"

namespace vmoat {
namespace {

constexpr uint16_t ports[] = {9092, 9093};
/** Highest version of each API so far (Apache Kafka 3.9), with room for two more. */
constexpr uint8_t versions_max[] = {
    13, 19, 12, 15, 9, 6, 10, 5, 11, 11, 8, 11, 6, 7, 7, 7, 7, 3, 6, 9, 8, 4, 7, 6, 7, 6, 7, 3, 7, 5, 5,
    5,  6,  4,  4,  6, 4, 5,  5, 4,  4,  5, 4,  4, 3, 2, 2, 2, 2, 2, 2, 2, 3, 2, 2, 3, 5, 4, 3, 2, 3, 2,
    5,  3,  2,  2,  3, 4, 3,  3, 2,  3,  3, 3,  3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3};
constexpr uint16_t api_key_max = std::size(versions_max) - 1;
enum Api : uint16_t {
  produce = 0,
  fetch = 1,
  metadata = 3,
  find_coordinator = 10,
  sasl_handshake = 17,
  api_versions = 18
};
constexpr uint32_t request_bytes_max = 100 << 20;
constexpr size_t body_bytes_needed = 320;  // a topic's name of 249 bytes and what stands before it

struct Request {
  Claim claim = Claim::more;
  uint32_t correlation = 0;
  std::string_view client;
};

bool is_topic(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return is_letter(c) || is_digit(c) || c == '.' || c == '_' || c == '-';
  });
}

/** A topic's name behind the number of topics; null or no topics end the matter. */
bool names_topics(ByteReader in) {
  const auto topics = static_cast<int32_t>(in.be32());
  if (!in.ok() || topics < -1 || topics > 1 << 16) return false;
  if (topics <= 0) return in.left() <= 3;  // what may follow are switches of a byte each
  const std::string_view name = in.text(in.be16());
  return in.ok() && is_topic(name);
}

/** Replica -1, how long to wait, least and (from 3 on) most bytes; (from 4 on) isolation; (7) session. */
bool is_fetch(ByteReader in, uint16_t version) {
  const uint32_t replica = in.be32(), wait_ms = in.be32();
  in.skip(version < 3 ? 4 : version < 4 ? 8 : version < 7 ? 9 : 17);
  return replica == 0xffffffff && wait_ms < 1 << 22 && version < 12 && names_topics(in);
}

/** (from 3 on) a transaction's id, acknowledgements -1 to 1, time-out, topics. */
bool is_produce(ByteReader in, uint16_t version) {
  if (version >= 3) {
    const uint16_t transaction = in.be16();
    if (transaction != 0xffff) in.skip(transaction);
  }
  const auto acknowledgements = static_cast<int16_t>(in.be16());
  const uint32_t time_out_ms = in.be32();
  return acknowledgements >= -1 && acknowledgements <= 1 && time_out_ms < 1 << 24 && version < 9 &&
         names_topics(in);
}

/** Whether what follows the header is the body of its API, `left` bytes long: for those that clients open
 * with. */
bool is_body(ByteReader in, uint16_t key, uint16_t version, size_t left) {
  switch (key) {
    case api_versions:
      return version < 3 ? left == 0 : left > 2 && left < 512 && in.u8() == 0;  // no tagged fields, two names
    case metadata:
      return version < 9 ? names_topics(in) : left > 1 && in.u8() == 0;
    case sasl_handshake: {
      const std::string_view mechanism = in.text(in.be16());
      return in.ok() && in.left() == 0 && mechanism.size() + 2 == left && is_topic(mechanism);
    }
    case find_coordinator: {
      const std::string_view group = in.text(in.be16());
      return in.ok() && version == 0 && group.size() + 2 == left && is_topic(group);
    }
    case fetch:
      return is_fetch(in, version);
    case produce:
      return is_produce(in, version);
    default:
      return false;
  }
}

/** With a client id in text it is a guess; a body that fits its API, or the answer, makes it sure. */
Request read_request(Bytes bytes, bool cut) {
  Request request;
  ByteReader in(bytes);
  const uint32_t size = in.be32();
  const uint16_t key = in.be16(), version = in.be16();
  request.correlation = in.be32();
  const auto id_length = static_cast<int16_t>(in.be16());
  const bool wrong = (bytes.size() >= 4 && (size < 10 || size > request_bytes_max)) ||
                     (bytes.size() >= 6 && key > api_key_max) ||
                     (bytes.size() >= 8 && version > versions_max[std::min(key, api_key_max)]) ||
                     (bytes.size() >= 14 &&
                      (id_length < -1 || id_length > 255 || 10 + id_length > static_cast<int64_t>(size)));
  if (wrong) request.claim = Claim::no;
  if (wrong || !in.ok()) return request;
  const size_t id_bytes = id_length > 0 ? static_cast<size_t>(id_length) : 0;
  request.client = as_text(in.rest()).substr(0, id_bytes);
  if (!std::all_of(request.client.begin(), request.client.end(), is_printable)) return {Claim::no, 0, {}};
  if (request.client.size() < id_bytes) return {Claim::more, 0, {}};
  in.skip(id_bytes);
  const size_t left = size - 10 - id_bytes;
  const Bytes body = in.rest().first(std::min(left, in.left()));
  const bool whole = body.size() == left || body.size() >= body_bytes_needed;
  if (!whole && !cut) return {Claim::more, request.correlation, request.client};
  request.claim = is_body(ByteReader(body), key, version, left) ? Claim::sure : Claim::guess;
  return request;
}

/** Response: size, the same correlation id. */
Claim read_response(Bytes bytes, const Request& request) {
  ByteReader in(bytes);
  const uint32_t size = in.be32(), correlation = in.be32();
  if (bytes.size() >= 4 && (size < 4 || size > request_bytes_max)) return Claim::no;
  if (!in.ok()) return Claim::more;
  return correlation == request.correlation ? Claim::sure : Claim::no;
}

Claim judge(Bytes client, Bytes server, const Opening& opening, Findings& findings) {
  const Request request = read_request(client, opening.cut);
  if (request.claim < Claim::guess) return request.claim;
  const Claim answered = opening.midstream ? Claim::more : read_response(server, request);
  if (answered == Claim::no) return Claim::no;
  const bool named = !request.client.empty(), fits = request.claim == Claim::sure;
  const bool answers = answered == Claim::sure && request.correlation != 0;
  const bool sure = (fits && (named || answers)) || (named && answered == Claim::sure);
  if (!sure) return Claim::more;
  if (!request.client.empty()) findings.fact(Fact::kafka_client, request.client);
  return Claim::sure;
}

Claim recognise(const Opening& opening, Findings& findings) {
  return either_way(opening, findings, judge);
}

}  // namespace

extern const Application kafka_application;
const Application kafka_application{"kafka", over_tcp, ports, recognise};

}  // namespace vmoat
