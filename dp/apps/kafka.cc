// kafka: Apache Kafka's protocol: a request header of size, API key, version, correlation id and client id,
// and the response that repeats the correlation id.
#include "apps/sides.h"
#include "apps/text.h"

namespace vmoat {
namespace {

constexpr uint16_t ports[] = {9092, 9093};
constexpr uint16_t api_key_max = 92, version_max = 20;
constexpr uint32_t request_bytes_max = 100 << 20;

struct Request {
  Claim claim = Claim::more;
  uint32_t correlation = 0;
  std::string_view client;
};

/** With a client id in text it is a guess; the answer makes it sure. API keys of a first request alone do so,
 * too. */
Request read_request(Bytes bytes) {
  Request request;
  ByteReader in(bytes);
  const uint32_t size = in.be32();
  const uint16_t key = in.be16(), version = in.be16();
  request.correlation = in.be32();
  const auto id_length = static_cast<int16_t>(in.be16());
  const bool wrong = (bytes.size() >= 4 && (size < 10 || size > request_bytes_max)) ||
                     (bytes.size() >= 6 && key > api_key_max) ||
                     (bytes.size() >= 8 && version > version_max) ||
                     (bytes.size() >= 14 &&
                      (id_length < -1 || id_length > 255 || 10 + id_length > static_cast<int64_t>(size)));
  if (wrong) request.claim = Claim::no;
  if (wrong || !in.ok()) return request;
  if (id_length <= 0) {
    request.claim = Claim::guess;
    return request;
  }
  request.client = as_text(in.rest()).substr(0, static_cast<size_t>(id_length));
  if (!is_text(request.client)) return {Claim::no, 0, {}};
  if (request.client.size() < static_cast<size_t>(id_length)) return {Claim::more, 0, {}};
  const bool opener = key == 18 || key == 3 || key == 17;  // ApiVersions, Metadata, SaslHandshake
  request.claim = opener && request.correlation < 1 << 16 ? Claim::sure : Claim::guess;
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
  const Request request = read_request(client);
  if (request.claim < Claim::guess) return request.claim;
  const Claim answered = opening.midstream ? Claim::more : read_response(server, request);
  if (answered == Claim::no) return Claim::no;
  const bool sure = request.claim == Claim::sure || (answered == Claim::sure && !request.client.empty());
  if (!sure) return Claim::more;
  findings.fact(Fact::kafka_client, request.client);
  return Claim::sure;
}

Claim recognise(const Opening& opening, Findings& findings) {
  return either_way(opening, findings, judge);
}

}  // namespace

extern const Application kafka_application;
const Application kafka_application{"kafka", over_tcp, ports, recognise};

}  // namespace vmoat
