// couchbase: Couchbase's dialect of memcached's binary protocol (kv_engine, docs/BinaryProtocol.md): HELLO,
// virtual buckets, cluster maps, sub-documents, DCP, which memcached does not have.
#include "apps/memcached_binary.h"
#include "apps/sides.h"

namespace vmoat {
namespace {

constexpr uint16_t ports[] = {11210, 11207};

/** A whole packet that only Couchbase has, or an answer to one. */
Claim judge(Bytes client, Bytes server, const Opening&, Findings&) {
  const BinaryPackets asked = read_packets(client, true), said = read_packets(server, false);
  if (asked.claim == Claim::no || said.claim == Claim::no) return Claim::no;
  if (asked.whole_couchbase || said.whole_couchbase) return Claim::sure;
  const bool couchbase = asked.couchbase || said.couchbase;
  return couchbase && answered(asked, said) != nullptr ? Claim::sure : Claim::more;
}

Claim recognise(const Opening& opening, Findings& findings) {
  return either_way(opening, findings, judge);
}

}  // namespace

extern const Application couchbase_application;
const Application couchbase_application{"couchbase", over_tcp, ports, recognise};

}  // namespace vmoat
