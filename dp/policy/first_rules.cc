#include "policy/first_rules.h"

#include <algorithm>
#include <functional>
#include <queue>

namespace vmoat {
namespace {

constexpr Service beyond = 0xffff'ffff;

struct Piece {
  Service start;
  RuleIndex rule;
};

/** Every service at which another rule may become the first one. */
std::vector<Service> cuts_of(const std::vector<Placement>& placements) {
  std::vector<Service> cuts = {0};
  for (const Placement& p : placements) {
    cuts.push_back(p.services.first);
    cuts.push_back(p.services.last + 1);
  }
  std::sort(cuts.begin(), cuts.end());
  cuts.erase(std::unique(cuts.begin(), cuts.end()), cuts.end());
  return cuts;
}

/** From the first service on; neighbours have different rules. */
std::vector<Piece> pieces_of(std::vector<Placement> placements) {
  std::sort(placements.begin(), placements.end(),
            [](const auto& a, const auto& b) { return a.services.first < b.services.first; });
  using Open = std::pair<RuleIndex, Service>;  // and its last service
  std::priority_queue<Open, std::vector<Open>, std::greater<>> open;
  std::vector<Piece> pieces;
  auto next = placements.begin();
  for (const Service cut : cuts_of(placements)) {
    for (; next != placements.end() && next->services.first == cut; ++next)
      open.emplace(next->rule, next->services.last);
    while (!open.empty() && open.top().second < cut) open.pop();
    const RuleIndex rule = open.empty() ? no_rule : open.top().first;
    if (pieces.empty() || pieces.back().rule != rule) pieces.push_back({cut, rule});
  }
  return pieces;
}

/** The first start of each line of `level`. */
std::vector<Service> level_above(const std::vector<Service>& level, uint32_t fanout) {
  std::vector<Service> above;
  for (size_t i = 0; i < level.size(); i += fanout) above.push_back(level[i]);
  return above;
}

}  // namespace

FirstRules::FirstRules(std::vector<Placement> placements) {
  if (placements.empty()) return;
  const std::vector<Piece> pieces = pieces_of(std::move(placements));
  std::vector<std::vector<Service>> levels(1);
  for (const Piece& piece : pieces) levels[0].push_back(piece.start);
  while (levels.back().size() > fanout) levels.push_back(level_above(levels.back(), fanout));
  levels_ = static_cast<uint32_t>(levels.size());
  for (size_t lines = 1; !levels.empty(); levels.pop_back(), lines *= fanout) {
    const size_t filled =
        levels.size() > 1 ? lines * fanout : (levels[0].size() + fanout - 1) / fanout * fanout;
    words_.insert(words_.end(), levels.back().begin(), levels.back().end());
    words_.resize(words_.size() + filled - levels.back().size(), beyond);
  }
  rules_at_ = static_cast<uint32_t>(words_.size());
  for (const Piece& piece : pieces) words_.push_back(piece.rule);
  words_.shrink_to_fit();
}

RuleIndex FirstRules::find(Service service) const {
  if (words_.empty()) return no_rule;
  const uint32_t* lines = words_.data();
  uint32_t at = 0;
  for (uint32_t level = 0, width = fanout; level < levels_; level++, lines += width, width *= fanout) {
    const uint32_t* line = lines + size_t{at} * fanout;
    uint32_t starts = 0;
    for (uint32_t i = 0; i < fanout; i++) starts += line[i] <= service;
    at = at * fanout + starts - 1;
  }
  return words_[rules_at_ + at];
}

}  // namespace vmoat
