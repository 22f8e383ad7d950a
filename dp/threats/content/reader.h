// ContentReader: the flows that threats read, each with its splitter's state and, per direction, the bytes
// that wait for the rest of a message. A flow between two messages, where most flows stand most of the time,
// holds no memory here. Memory is bounded; where it is out, a flow is read no further.
#pragma once

#include "base/arena.h"
#include "threats/content/content.h"

namespace vmoat {

/** What of a flow is read at the moment; kept by whoever keeps the flow. All zero: nothing. A flow that
 * stands between two messages is `parked`: all there is to know of it is here. */
struct ContentHold {
  uint64_t is_read : 1 = 0;
  uint64_t is_parked : 1 = 0;
  uint64_t over : 2 = 0;      // bit 0: nothing more of the client is wanted, bit 1: of the server
  uint64_t splitter : 6 = 0;  // its number in splitters()
  uint64_t first : 27 = 0;    // parked: what is left of the client's appetite; else the reader's piece
  uint64_t second : 27 = 0;   // parked: of the server's

  [[nodiscard]] bool reads() const { return is_read != 0; }
  [[nodiscard]] bool reads(bool from_client) const { return reads() && (over & (from_client ? 1 : 2)) == 0; }
};
static_assert(sizeof(ContentHold) == sizeof(uint64_t));

class ContentReader {
 public:
  /** `owners`: each has a share of the memory, see Arena. */
  explicit ContentReader(size_t bytes_max, uint16_t owners = 1) : arena_(bytes_max, owners) {}

  /** Begins to read a TCP flow with the splitter of this number. */
  static void begin(ContentHold& hold, int splitter);
  /** `content.data` is what came in order, `transport` TCP. */
  void take(ContentHold& hold, Content content, int64_t now_ns, ContentSink& sink);
  /** No more of one direction will come: what is there is all there is. */
  void end(ContentHold& hold, Content content, int64_t now_ns, ContentSink& sink);
  void drop(ContentHold& hold);

  [[nodiscard]] static const Splitter& splitter(const ContentHold& hold);
  /** How often a flow or one direction of it was read no further for want of memory. */
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
  /** Of one flow; copied to the stack while its data is read. */
  struct Reading {
    ContentState state;
    std::array<Way, 2> way;
  };
  static_assert(sizeof(Reading) == 64);  // the arena's smallest piece

  [[nodiscard]] static uint32_t piece_of(const ContentHold& hold) {
    return hold.is_read != 0 && hold.is_parked == 0 ? static_cast<uint32_t>(hold.first) : 0;
  }
  static bool stands_between(const ContentHold& hold, const Reading& reading);
  [[nodiscard]] Reading load(const ContentHold& hold) const;
  void save(ContentHold& hold, Reading& reading, uint16_t owner);
  void refuse(ContentHold& hold, Reading& reading);
  void feed(ContentHold& hold, Reading& reading, Content& content, int64_t now_ns, ContentSink& sink);
  bool keep(Way& way, Bytes data, uint16_t owner);
  void shift(Way& way, size_t taken);
  void give_back(Way& way);
  void over(ContentHold& hold, Reading& reading, bool from_client);

  Arena arena_;
  uint64_t refused_ = 0;
};

}  // namespace vmoat
