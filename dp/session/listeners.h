// Listeners: which (scope, address, port) has answered a SYN: tells client from server where no handshake was
// seen.
#pragma once

#include "base/marks.h"
#include "session/session.h"

namespace vmoat {

class Listeners {
 public:
  explicit Listeners(SipHash hash) : marks_(16384, hash) {}

  void add(const Session& s, int server) { marks_.add(End(s, server).words, 3); }
  [[nodiscard]] bool has(const Session& s, int end) { return marks_.has(End(s, end).words, 3); }

 private:
  struct End {
    uint64_t words[3];
    End(const Session& s, int end) {
      const Address& a = end != 0 ? s.key.high : s.key.low;
      const uint16_t port = end != 0 ? s.key.high_port : s.key.low_port;
      words[0] = a.words[0];
      words[1] = a.words[1];
      words[2] = uint64_t{s.key.scope} << 16 | port;
    }
  };

  Marks marks_;
};

}  // namespace vmoat
