// zookeeper: Apache ZooKeeper: the client's connect request of fixed form, or a four-letter word and its
// answer.
#include "apps/sides.h"
#include "apps/text.h"

namespace vmoat {
namespace {

constexpr uint16_t ports[] = {2181};
constexpr std::string_view words[] = {"ruok", "srvr", "stat", "mntr", "conf",
                                      "cons", "dump", "envi", "wchs", "isro"};
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
  if (!in.ok()) return bytes.size() > 0 && bytes[0] != 0 ? Claim::no : Claim::more;
  return password == 16 ? Claim::sure : Claim::no;
}

/** The server's answer to a connect request: length 36 or 37, version 0, timeout, session, password. */
Claim read_connected(Bytes bytes) {
  ByteReader in(bytes);
  const uint32_t length = in.be32(), version = in.be32();
  if (bytes.size() >= 4 && length != 36 && length != 37) return Claim::no;
  return bytes.size() >= 8 && version != 0 ? Claim::no : Claim::more;
}

Claim judge(Bytes client, Bytes server, const Opening&, Findings&) {
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
