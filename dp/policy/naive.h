// A second evaluator, for tests only: it knows ranges, applications and modes as they were made up, goes
// through the rules in turn, and shares no code with the real one.
#pragma once

#include <optional>
#include <random>
#include <string>
#include <vector>

#include "policy/evaluate.h"

namespace vmoat::naive {

struct Ports {
  std::optional<uint8_t> proto;  // none: any
  uint16_t first = 0, last = 65535;
};

struct Rule {
  uint32_t number;
  uint32_t from, to;
  std::vector<Ports> ports;                         // none: any
  std::vector<std::vector<uint16_t>> applications;  // none: any
  bool deny;
};

struct World {
  std::vector<Mode> modes;  // of each group
  std::vector<Rule> rules;
};

using Groups = std::vector<uint32_t>;

Decision evaluate(const World& world, const Groups& from, const Groups& to, const Question& question);

/** Applications have the numbers 1 … 9 and the names a … i. */
uint16_t application_number(std::string_view name);

/** The same world as hostd would send it. */
PolicyTables tables_of(const World& world);

using Random = std::mt19937_64;
/** Up to 40 rules among 3 … 8 groups: few of everything, so that rules meet, overlap and shadow each other.
 */
World random_world(Random& random);
/** One of so many groups, at least 3, and rules. */
World random_world(Random& random, uint32_t groups, uint32_t rules);
Groups random_groups(const World& world, Random& random);
Question random_question(Random& random);

inline uint32_t below(Random& random, uint32_t bound) {
  return static_cast<uint32_t>(random() % bound);
}

}  // namespace vmoat::naive
