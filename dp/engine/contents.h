// Contents: which sessions threats read, from the moment their application is known. What a session holds
// stands where its candidates stood while the application was still sought.
#pragma once

#include <bit>

#include "apps/application.h"
#include "session/session.h"
#include "threats/content/reader.h"

namespace vmoat {

/** Whose threats read: gives a sink for what `sender` (0 low, 1 high) of the session says. */
class ContentWatch {
 public:
  virtual ContentSink& sink(Session& s, int sender) = 0;

 protected:
  ~ContentWatch() = default;
};

class Contents {
 public:
  /** `slots`: of NICs whose sessions share the memory. */
  explicit Contents(size_t bytes_max, uint16_t slots = 1);

  /** Without a watch nothing is read. */
  void watch(ContentWatch* watch) { watch_ = watch; }

  /** The session's application is known; `opening` is what both ends have said so far. */
  void begin(Session& s, const Opening& opening);
  /** What comes next of a TCP stream. */
  void stream(Session& s, int sender, Bytes data);
  /** Every datagram while recognition goes on; by its port where nobody knows it. */
  void datagram(Session& s, int sender, Bytes payload, bool cut);
  /** A direction with a gap is read no further. */
  void gap(Session& s);
  void finish(Session& s);
  void drop(Session& s);

  static bool reads(const Session& s) { return hold_of(s).reads(); }
  static bool reads(const Session& s, int sender) { return hold_of(s).reads(sender == s.client()); }
  /** Bytes of the stream that are read, of the client and of the server; only while reads(s). */
  struct Appetites {
    uint32_t client, server;
  };
  [[nodiscard]] static Appetites appetites(const Session& s);
  [[nodiscard]] uint64_t refused() const { return reader_.refused(); }

 private:
  [[nodiscard]] int splitter_for(uint16_t application) const;
  static_assert(sizeof(ContentHold) == sizeof(Session::candidates));
  static ContentHold hold_of(const Session& s) {
    const bool sought = !s.has(is_sure) && !s.has(is_decided);
    return sought ? ContentHold{} : std::bit_cast<ContentHold>(s.candidates);
  }
  static void set_hold(Session& s, const ContentHold& hold) { s.candidates = std::bit_cast<uint64_t>(hold); }
  static Content content(const Session& s, bool from_client, Bytes data, bool cut);

  ContentReader reader_;
  ContentWatch* watch_ = nullptr;
  std::array<int8_t, 256> by_application_{};  // registry number + 1 → splitter, -1 for none
  int dns_ = -1;
};

}  // namespace vmoat
