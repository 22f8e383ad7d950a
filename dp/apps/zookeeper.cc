// zookeeper: Apache ZooKeeper: the client's connect request of fixed form, a four-letter word and its answer,
// or mid-stream a ping, whose transaction is always -2.
#include "apps/sides.h"
#include "apps/text.h"

namespace vmoat {
namespace {

constexpr uint16_t ports[] = {2181};
constexpr std::string_view words[] = {"ruok", "srvr", "stat", "mntr", "conf", "cons", "dump",
                                      "envi", "wchs", "isro", "wchp", "wchc", "dirs"};
constexpr std::string_view answers[] = {"imok",         "Zookeeper version", "zk_version", "clientPort",
                                        "Environment:", "This ZooKeeper",    "rw",         "ro"};
constexpr uint32_t timeout_max_ms = 1 << 22;

/** Length 44 or 45, version 0, last zxid, timeout, session, password of 16 bytes. */
Claim read_connect(Bytes bytes) {
  ByteReader in(bytes);
  const uint32_t length = in.be32(), version = in.be32();
  if (bytes.size() >= 4 && length != 44 && length != 45) return Claim::no;
  if (bytes.size() >= 8 && version != 0) return Claim::no;
  in.skip(8);
  const uint32_t timeout = in.be32();
  in.skip(8);
  const uint32_t password = in.be32();
  if (bytes.size() >= 20 && (timeout == 0 || timeout > timeout_max_ms)) return Claim::no;
  if (!in.ok()) return !bytes.empty() && bytes[0] != 0 ? Claim::no : Claim::more;
  return password == 16 ? Claim::sure : Claim::no;
}

/** The server's answer to a connect request: length 36 or 37, version 0, timeout, session, password. */
Claim read_connected(Bytes bytes) {
  ByteReader in(bytes);
  const uint32_t length = in.be32(), version = in.be32();
  if (bytes.size() >= 4 && length != 36 && length != 37) return Claim::no;
  return bytes.size() >= 8 && version != 0 ? Claim::no : Claim::more;
}

/** Request: length 8, transaction -2, operation 11; response: length 16, -2, the last change, no error. */
bool is_ping(Bytes client, Bytes server) {
  constexpr std::string_view request("\0\0\0\x08\xff\xff\xff\xfe\0\0\0\x0b", 12),
      response("\0\0\0\x10\xff\xff\xff\xfe", 8);
  if (begins(client, request) == Claim::sure) return true;
  return server.size() >= 20 && begins(server, response) == Claim::sure &&
         !(server[16] | server[17] | server[18] | server[19]);
}

Claim judge(Bytes client, Bytes server, const Opening& opening, Findings&) {
  if (opening.midstream && is_ping(client, server)) return Claim::sure;
  const Claim connect = read_connect(client), word = begins_with_any(client, words);
  const Claim connected = read_connected(server), answered = begins_with_any(server, answers);
  if (connect != Claim::no && connected != Claim::no) {
    if (connect == Claim::sure) return connect;
    if (word == Claim::no || answered == Claim::no) return connect;
  }
  if (word == Claim::no || answered == Claim::no) return Claim::no;
  return word == Claim::sure && answered == Claim::sure ? Claim::sure : Claim::more;
}

Claim recognise(const Opening& opening, Findings& findings) {
  return either_way(opening, findings, judge);
}

}  // namespace

extern const Application zookeeper_application;
const Application zookeeper_application{"zookeeper", over_tcp, ports, recognise};

}  // namespace vmoat
