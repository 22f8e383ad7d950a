// Application: what one protocol recogniser is. One file per protocol, one line in registry.cc.
//
// A recogniser is a pure function of what both ends have said so far. It keeps no state: the engine
// collects the opening of each direction (in order, gaps closed or the flow given up) and asks again when
// there is more. So the same code serves TCP and UDP, live and offline, and one fuzz harness.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <type_traits>

#include "base/byte_reader.h"
#include "contract/kernel.h"

namespace vmoat {

enum class Claim : uint8_t {
  no,     // cannot be this protocol: never asked again for this flow
  more,   // so far it could be; ask again with more bytes
  guess,  // likely, but another protocol could look like this; satisfies no allow rule
  sure,   // nothing else looks like this
};

enum Transport : uint8_t { over_tcp = 1, over_udp = 2, over_icmp = 4, over_sctp = 8 };

/**
 * What is known of a flow when its application is sought. TCP: client and server are the in-order
 * prefixes of the two streams, at most opening_bytes_max each. UDP: exactly one of them holds the
 * datagram at hand; ICMP: likewise the message from its type byte on, ports as in the flow's key; SCTP:
 * likewise the user data of the packet's first DATA chunk. "client" is who opened the flow; where that was
 * not seen it may be the wrong way round (`direction_seen` false), so a recogniser that can should accept
 * either.
 */
struct Opening {
  Bytes client;
  Bytes server;
  uint16_t client_port = 0;
  uint16_t server_port = 0;
  Transport transport = over_tcp;
  bool direction_seen = true;
  bool midstream = false;  // TCP picked up without SYN: bytes may begin anywhere
  bool client_told =
      false;              // a claim of `sure` has seen these very bytes of the client's and noted their facts
  bool cut = false;       // no more will come: the window is full, the capture cut or the flow ended
  bool expected = false;  // another flow announced this one as the application that is asked
  /** What the recogniser kept of each side (Findings::keep). */
  Bytes client_kept, server_kept;
};
constexpr size_t opening_bytes_max = 4096;

/** A flow that is announced within another one: the data channel of ftp, the media of a call. */
struct Expectation {
  enum class End : uint8_t { client, server };
  /** Whose port it is: that end of the announcing flow, or `address` (4 or 16 bytes) where one was told. */
  End end = End::server;
  Bytes address = {};
  uint16_t port = 0;
  Transport transport = over_tcp;
  std::string_view application;  // a registry name
  uint16_t lifetime_s = 60;      // how long it may take to come
  bool once = true;              // the first flow that fits uses it up
  bool anyone = false;           // its other end may be a stranger to the announcing flow
  bool is_client = false;        // not TCP: whoever has the port is the client
};

/** Keys of facts: what a parser read off a session. Names stand in fact.cc, docs in docs/facts.md. */
enum class Fact : uint8_t {
  none,
  http_host,
  http_method,
  http_path,
  http_status,
  http_user_agent,
  http_server,
  tls_version,
  tls_sni,
  tls_alpn,
  ssh_client,
  ssh_server,
  dns_query,
  dns_type,
  dns_rcode,
  dns_answer,
  dhcp_hostname,
  dhcp_message,
  dhcp_address,
  dhcp_server,
  ntp_version,
  ntp_mode,
  redis_command,
  redis_server,
  mysql_version,
  mysql_user,
  mysql_database,
  postgresql_user,
  postgresql_database,
  postgresql_version,
  icmp_type,
  smtp_client,
  smtp_server,
  ftp_user,
  ftp_server,
  vnc_version,
  sip_method,
  mqtt_client,
  kafka_client,
  rdp_user,
  ldap_user,
  quic_version,
  tftp_file,
  mongodb_command,
  tns_service,
  iscsi_initiator,
  radius_user,
  snmp_version,
  tls_cipher,
  tls_ja3,
  tls_ja4,
  tls_subject,
  tls_issuer,
  tls_names,
  tls_expires,
  tls_ech,
  dns_ttl,
  kerberos_principal,
  kerberos_service,
  smb_user,
  smb_domain,
  smb_host,
  sip_from,
  sip_to,
  rtsp_url,
  mqtt_user,
  amqp_vhost,
  amqp_user,
  cassandra_driver,
  elasticsearch_index,
  tds_user,
  tds_database,
  tds_host,
  mongodb_database,
  redis_user,
  nats_user,
  stomp_user,
  imap_user,
  pop3_user,
  irc_nick,
  proxy_client,
  count,
};

/** The address of a name is asked for. */
struct NameQuestion {
  uint16_t id = 0;        // of the message
  uint16_t type = 0;      // 1 A, 28 AAAA
  std::string_view name;  // a host's, in lower case, at most host_name_max bytes, without the last dot
};
constexpr size_t host_name_max = 253;
/** One of those that the answer gave. */
struct NameAddress {
  Bytes address;  // 4 or 16 bytes
  uint32_t ttl_s = 0;
};

/** Where a recogniser writes what it found. Implemented by the engine: bounded, last write wins. */
class Findings {
 public:
  /** The value is copied and cut at 255 bytes; per flow at most 1,024 bytes of facts are kept. */
  virtual void fact(Fact key, std::string_view value) = 0;
  /**
   * Appends an inner layer's name (a registry name): tls says "https" for ALPN http/1.1. Each call of
   * `recognise` starts without layers.
   */
  virtual void layer(std::string_view application) = 0;
  /** An address learned by DHCP: `ip` is 4 or 16 bytes, `mac` 6. */
  virtual void lease(Bytes ip, Bytes mac) = 0;
  /** With a claim of `guess` or `sure`, where nobody saw a SYN: what Opening calls client is the server. */
  virtual void ends_swapped() {}
  /**
   * With a claim of `sure`: facts are still to come (the server's answer, the client's login). `recognise`
   * is asked again with the grown openings until it no longer says so, the windows are full or it says `no`.
   */
  virtual void unfinished() {}
  /** With a claim of `sure`, and of messages: nothing more of this flow is wanted, whatever the appetite. */
  virtual void enough() {}
  /**
   * Datagrams, and messages of a stream: what is to be shown again, as `client_kept` or `server_kept` of the
   * side that speaks, with whatever comes next; at most kept_bytes_max, more is cut. It takes the place of
   * what was kept of that side. Only with a claim of `sure`.
   */
  virtual void keep(Bytes) {}
  /** Another flow is to come (bounded per call and in number; the oldest go first). */
  virtual void expect(const Expectation&) {}
  /** Of messages: the client asks, the server answers; no addresses where there are none. Only what answers a
   * question of the same flow is believed. */
  virtual void asked(const NameQuestion&) {}
  virtual void answered(const NameQuestion&, std::span<const NameAddress>) {}

 protected:
  ~Findings() = default;
};
constexpr size_t kept_bytes_max = opening_bytes_max;

/** What a recogniser still wants once it has claimed a flow. */
enum class Appetite : uint8_t {
  opening,   // nothing more: the kernel counts from here
  messages,  // every datagram (UDP) or every further in-order chunk (TCP), up to follow_bytes_max
  control,   // likewise from the very first byte, and up to control_bytes_max: it announces other flows
};

/** What is remembered of a client that is read to its end; zero at first, and read as a struct of the
 * reader's own. */
class StreamMemory {
 public:
  template <class T>
  [[nodiscard]] T as() const {
    static_assert(std::is_trivially_copyable_v<T> && sizeof(T) <= sizeof bytes_);
    T value;
    std::memcpy(static_cast<void*>(&value), bytes_.data(), sizeof value);
    return value;
  }
  template <class T>
  void keep(const T& value) {
    static_assert(std::is_trivially_copyable_v<T> && sizeof(T) <= sizeof bytes_);
    std::memcpy(bytes_.data(), &value, sizeof value);
  }
  /** What of these bytes is left when content has been passed over. */
  [[nodiscard]] Bytes pass_content(Bytes said) {
    const auto here = static_cast<size_t>(std::min<uint64_t>(content, said.size()));
    content -= here;
    return said.subspan(here);
  }

  uint64_t content = 0;                  // bytes that come next and may be anything
  vmoat_head_kind head = VMOAT_NO_HEAD;  // what comes behind them, where that is one that the kernel can read

 private:
  std::array<uint8_t, 96> bytes_{};
};

/** Neither ports nor recogniser: an inner layer only (`https`), named by another application's recogniser. */
struct Application {
  std::string_view name;                          // the glossary's plain lower-case name
  uint8_t transports;                             // Transport bits
  std::span<const uint16_t> ports;                // a hint for the order of asking, never evidence by itself
  Claim (*recognise)(const Opening&, Findings&);  // null: a layer's name only
  Appetite appetite = Appetite::opening;
  /**
   * Called with what follows a `sure` claim while the appetite is `messages`, with `control` also with the
   * openings that led to it; one direction holds bytes.
   */
  void (*message)(const Opening&, Findings&) = nullptr;
  /**
   * TCP: is shown all that the client says, in pieces and in order from its first byte on, but for what it
   * calls content: takes what it reads off the front of `said`, and returns where content begins. False as
   * soon as that is no longer this protocol. Null: nobody reads it beyond its opening, and no rule can be
   * `continuous`.
   */
  bool (*goes_on)(Bytes& said, StreamMemory& memory) = nullptr;
};
/** Shows the next piece of what a client says to an application's `goes_on`, and what that reads of it to
 * `read(Bytes)`: all that the application has to be judged by. False where it does not go on. */
template <class Read>
bool read_on(const Application& application, Bytes said, StreamMemory& memory, Read&& read) {
  while (!(said = memory.pass_content(said)).empty()) {
    const Bytes before = said;
    if (!application.goes_on(said, memory)) return false;
    read(before.first(before.size() - said.size()));
  }
  return true;
}
constexpr uint32_t follow_bytes_max = 65536;
constexpr uint32_t control_bytes_max = 16u << 20;

/** All applications, in the order of asking. At most 64 of them recognise, so that a session's candidates fit
 * one word; names of layers come behind. */
std::span<const Application> applications();
/** Whether an application of this name has `goes_on`. */
bool is_read_to_its_end(std::string_view application);

/** The name of a fact in records, JSON and docs/facts.md: `http.host`. Empty for `none`. */
std::string_view fact_name(Fact fact);

}  // namespace vmoat
