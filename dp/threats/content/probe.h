// For tests: what splitters find, kept as text; and a stream fed to them in any pieces.
#pragma once

#include <string>
#include <vector>

#include "threats/content/reader.h"

namespace vmoat {

/** Remembers everything it is given, one line each. */
struct Found final : ContentSink {
  void http(const HttpHead& head) override;
  void http_slow(const HttpSlowHead& head) override;
  void input(const HttpInput& input) override;
  void dns(const DnsMessage& message) override;
  void tls(const TlsRecord& record) override;
  void banner(const Banner& banner) override;
  void login(const Login& login) override;

  std::vector<std::string> lines;
};

/** What one end says; a conversation is a list of them. */
struct Said {
  bool client;
  std::string bytes;
};

/** Feeds a TCP conversation in pieces of at most `piece_bytes`, the border of the first one moved by `shift`.
 */
void say(std::string_view application, const std::vector<Said>& conversation, ContentSink& sink,
         size_t piece_bytes = SIZE_MAX, size_t shift = 0);
/** One datagram. */
void say_datagram(std::string_view application, const Said& said, ContentSink& sink);

}  // namespace vmoat
