// SpliceMap: the splice programs, and the pinned map that says of each splice how far it has got.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/result.h"
#include "contract/kernel.h"
#include "contract/splice.h"
#include "enforce/enforcer.h"

namespace vmoat {

class SpliceMap {
 public:
  /** Loads the programs over the maps of an earlier run if there are any. `pins`: their directory. */
  static Result<std::unique_ptr<SpliceMap>> open(const std::string& pins, const EnforcerOptions& options);
  ~SpliceMap();

  /** By index, below VMOAT_SLOTS; a tap of 0 is nobody. */
  [[nodiscard]] vmoat_splice at(uint32_t index) const;
  Status set(uint32_t index, const vmoat_splice& splice);
  Status clear(uint32_t index);
  /** Sets the stage, and with it anew from when on tap and port tell each other what they let pass. */
  Status set_stage(uint32_t index, vmoat_stage stage);

  /** Whether the tap programs hand on to the splice's; without any nothing happens. */
  Status hand_on(bool on);

  [[nodiscard]] int carry_out() const;
  [[nodiscard]] int carry_in() const;
  [[nodiscard]] int gate() const;

 private:
  struct Object;
  explicit SpliceMap(uint32_t netns);
  Status load(const std::string& pins, const EnforcerOptions& options);

  const uint32_t netns_;
  std::unique_ptr<Object> object_;
};

}  // namespace vmoat
