// Slots: the numbers of NICs. A number is given out again only when no flow of its former NIC is left.
#pragma once

#include <array>
#include <cstdint>
#include <mutex>
#include <vector>

#include "contract/kernel.h"

namespace vmoat {

class Slots {
 public:
  /** A free slot in use from now on, or 0 where there is none. */
  uint16_t take();
  /** The slot of an adopted tap. False where it is in use or out of range. */
  bool claim(uint16_t slot);
  /** The NIC has gone; its flows are still in the table. */
  void retire(uint16_t slot);
  [[nodiscard]] bool in_use(uint16_t slot);
  /**
   * Says how many flows a whole sweep of the table saw per slot. Retired slots with none, twice in a row
   * (a frame may have been on its way), are returned: clear them, then free() them.
   */
  std::vector<uint16_t> settle(const std::array<uint32_t, VMOAT_SLOTS>& flows);
  void free(uint16_t slot);

 private:
  enum class State : uint8_t { unused, in_use, retired, empty };

  std::mutex mutex_;
  std::array<State, VMOAT_SLOTS> states_ = {};
  uint16_t last_ = 0;
};

}  // namespace vmoat
