// ContentReader: the flows that threats read, each with its splitter's state and, per direction, the bytes
// that wait for the rest of a message. Memory is bounded; where it is out, a flow is read no further.
#pragma once

#include "base/arena.h"
#include "threats/content/content.h"

namespace vmoat {

/** What of a flow is read at the moment; kept by whoever keeps the flow. 0 = nothing. */
struct ContentHold {
  uint32_t piece = 0;
  uint8_t over = 0;      // bit 0: nothing more of the client is wanted, bit 1: of the server
  uint8_t splitter = 0;  // its number in splitters()
  uint16_t pad = 0;

  [[nodiscard]] bool reads() const { return piece != 0; }
  [[nodiscard]] bool reads(bool from_client) const {
    return piece != 0 && (over & (from_client ? 1 : 2)) == 0;
  }
};

class ContentReader {
 public:
  explicit ContentReader(size_t bytes_max) : arena_(bytes_max) {}

  /** Begins to read a TCP flow with the splitter of this number. False and `refused` when memory is out. */
  bool begin(ContentHold& hold, int splitter);
  /** `content.data` is what came in order, `transport` TCP. */
  void take(ContentHold& hold, Content content, int64_t now_ns, ContentSink& sink);
  /** No more of one direction will come: what is there is all there is. */
  void end(ContentHold& hold, Content content, int64_t now_ns, ContentSink& sink);
  void drop(ContentHold& hold);

  [[nodiscard]] const Splitter& splitter(const ContentHold& hold) const;
  [[nodiscard]] uint64_t refused() const { return refused_; }
  [[nodiscard]] size_t used() const { return arena_.used(); }

 private:
  struct Way {
    uint32_t window = 0;   // piece of Arena::room(window_bytes), 0 = none
    uint32_t skip = 0;     // bytes still to be passed over
    uint32_t left = 0;     // of the appetite
    uint32_t since_s = 0;  // when the window began
    uint16_t window_bytes = 0;
  };
  struct Reading {
    ContentState state;
    std::array<Way, 2> way;
  };
  static_assert(sizeof(Reading) == 64);  // the arena's smallest piece

  [[nodiscard]] Reading& at(const ContentHold& hold) const;
  void feed(ContentHold& hold, Reading& reading, Content& content, int64_t now_ns, ContentSink& sink);
  bool keep(Way& way, Bytes data);
  void shift(Way& way, size_t taken);
  void give_back(Way& way);
  void over(ContentHold& hold, Reading& reading, bool from_client);

  Arena arena_;
  uint64_t refused_ = 0;
};

}  // namespace vmoat
