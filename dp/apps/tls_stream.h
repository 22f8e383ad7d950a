// A TLS connection's clear beginning, both ways: by itself (tls) or behind another protocol's STARTTLS.
#pragma once

#include <array>

#include "apps/tls_hello.h"

namespace vmoat {

/** How one side begins; `hello` may be cut over several records and segments. */
struct TlsSide {
  Claim claim = Claim::more;
  bool finished = false;  // nothing in clear is to come from this side that would be noted
  bool old = false;       // SSLv2-style hello (RFC 5246, E.2)
  uint16_t old_version = 0;
  ClientHello client;
  ServerHello server;
  bool whole = false;  // the hello
};

class TlsStream {
 public:
  /** Reads as far as the bytes go; `last`: no more will come. */
  TlsStream(Bytes client, Bytes server, bool cut);
  TlsStream(const TlsStream&) = delete;
  TlsStream& operator=(const TlsStream&) = delete;

  [[nodiscard]] const TlsSide& client() const { return client_; }
  [[nodiscard]] const TlsSide& server() const { return server_; }
  /** The server said no, by an alert. */
  [[nodiscard]] bool refused() const { return refused_; }
  /** The protocol that the server chose, else the client's first. */
  [[nodiscard]] std::string_view alpn() const;
  /** Nothing more will be noted, however much is to come. */
  [[nodiscard]] bool finished() const { return refused_ || (client_.finished && server_.finished); }
  void note(Findings& findings) const;

 private:
  /** Handshake messages without the records around them. */
  struct Messages {
    std::array<uint8_t, opening_bytes_max> bytes;
    size_t size = 0;
    bool ended = false;  // other content follows: no more handshake in clear
    bool wrong = false;  // what follows is no record
    [[nodiscard]] Bytes view() const { return {bytes.data(), size}; }
  };
  static void gather(Bytes stream, Messages& messages);
  static TlsSide read_side(Bytes stream, TlsHandshake from, bool cut, Messages& messages);
  static bool is_certificate_due(const TlsSide& side, const Messages& messages, Bytes& certificate);

  Messages client_messages_, server_messages_;
  TlsSide client_, server_;
  Bytes certificate_;
  bool refused_ = false;
};

/** The header of a TLS record at the front; `no` when it cannot be one. */
Claim read_tls_record(ByteReader& in, uint8_t& type, uint16_t& length);

/**
 * TLS within another protocol, from where it switched: facts, and the layer `tls`. Asks for more by
 * Findings::unfinished while there is more to note.
 */
void note_switched_to_tls(Bytes client, Bytes server, bool cut, Findings& findings);
/** What follows the lines of a text protocol's side that went over to TLS; empty where it did not. */
Bytes tls_behind_text(Bytes stream);
/**
 * A text protocol whose client may switch (STARTTLS): facts and layer when it did. `waits`: it may still do
 * so, or said so; more is asked for.
 */
void note_text_switch(Bytes client, Bytes server, bool cut, bool waits, Findings& findings);

}  // namespace vmoat
