// Questions: what was asked by DNS and not answered yet, so that only an answer to it is believed. A fixed
// table; where a place has no room the oldest goes.
#pragma once

#include <vector>

#include "base/clock.h"
#include "base/siphash.h"
#include "parse/packet.h"

namespace vmoat {

/** Who asked whom for what. */
struct AskedName {
  uint64_t flow = 0;
  uint16_t id = 0, type = 0;
  std::string_view name;
};

class Questions {
 public:
  static constexpr size_t places = 4096, ways = 4;
  static constexpr int64_t answer_time_ns = 30 * ns_per_s;  // later ones answer nothing

  explicit Questions(SipHash hash) : hash_(hash) {}

  /** `server`: the MAC that the question went to. */
  void add(const AskedName& asked, const Mac& server, int64_t now_ns);
  /** Whether that was asked; it is used up. `server`: as it was told to add(). */
  bool take(const AskedName& asked, Mac& server, int64_t now_ns);

 private:
  struct Entry {
    uint64_t print = 0;  // 0 = empty
    int64_t asked_ns = 0;
    Mac server{};
  };
  [[nodiscard]] uint64_t print_of(const AskedName& asked) const;
  Entry* place_of(uint64_t print) { return &table_[print % places * ways]; }

  SipHash hash_;
  std::vector<Entry> table_;  // made with the first question
};

}  // namespace vmoat
