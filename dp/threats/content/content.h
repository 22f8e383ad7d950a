// Content: what one direction of a recognised flow says, cut into messages by its application's splitter.
// A splitter keeps a few bytes per flow; bytes it is not done with are handed again with what follows, so
// that a message cut by any segment border is seen whole.
#pragma once

#include <array>
#include <cstring>
#include <span>
#include <type_traits>

#include "apps/application.h"
#include "threats/content/messages.h"

namespace vmoat {

/** TCP: bytes in order that are not done with; UDP: one datagram. */
struct Content {
  Transport transport = over_tcp;
  bool from_client = false;
  bool cut = false;        // no more follows: take what is there
  bool midstream = false;  // the flow was met while it ran
  Bytes data;
  uint16_t server_port = 0;
  uint16_t owner = 0;     // whose share of memory keeps what has to wait
  uint32_t waited_s = 0;  // since the first of these bytes came
};

/** What a splitter remembers of a flow, zero at first. Each splitter reads it as a struct of its own; one
 * that is zero again between messages spares its flows memory (ContentReader). */
struct ContentState {
  std::array<uint8_t, 24> bytes{};

  [[nodiscard]] bool is_zero() const { return bytes == decltype(bytes){}; }
  template <class T>
  [[nodiscard]] T as() const {
    static_assert(std::is_trivially_copyable_v<T> && sizeof(T) <= sizeof bytes);
    T value;
    std::memcpy(&value, bytes.data(), sizeof value);
    return value;
  }
  template <class T>
  void keep(const T& value) {
    static_assert(std::is_trivially_copyable_v<T> && sizeof(T) <= sizeof bytes);
    std::memcpy(bytes.data(), &value, sizeof value);
  }
};

/** Takes the messages; implemented by whoever calls the threats. */
class ContentSink {
 public:
  virtual void http(const HttpHead& head) = 0;
  virtual void http_slow(const HttpSlowHead& head) = 0;
  virtual void input(const HttpInput& input) = 0;
  virtual void dns(const DnsMessage& message) = 0;
  virtual void tls(const TlsRecord& record) = 0;
  virtual void banner(const Banner& banner) = 0;
  virtual void login(const Login& login) = 0;

 protected:
  ~ContentSink() = default;
};

/** What split() returns when nothing more of this direction is wanted. */
constexpr size_t content_done = SIZE_MAX;
/** The most that is kept of one direction until a message is whole: then a splitter takes it in parts. */
constexpr size_t content_window_bytes = 4096;
struct Splitter {
  std::string_view application;
  uint32_t client_bytes_max, server_bytes_max;  // of a flow: no more is read of that direction
  /**
   * Hands the messages at the front of `content.data` to the sink. Returns the bytes that are done with,
   * which may be more than there are: the rest is passed over when it comes. Called with a full window
   * (content_window_bytes) it must take some of it, else the direction is given up.
   */
  size_t (*split)(const Content& content, ContentState& state, ContentSink& sink);
};

std::span<const Splitter> splitters();
/** The number of an application's splitter in `splitters()`, -1 where it has none. */
int splitter_of(std::string_view application);

}  // namespace vmoat
