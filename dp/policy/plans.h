// Plans: what decides between two ends, a cache line for every protocol between them. All rules that apply
// between the two stand merged in it, so that a flow never seen before costs the same however many rules,
// and groups of either end, there are. Grown where flows go, by any thread; what is in them never changes
// again.
#pragma once

#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <mutex>
#include <vector>

#include "base/region.h"
#include "policy/rule_set.h"

namespace vmoat {

/** Ranges of ports in the order of their rules: the first that has a port, and whose rule matches, decides.
 */
struct alignas(64) PlanLeaf {
  static constexpr size_t ranges_max = 9;

  std::array<uint8_t, ranges_max> tags{};  // ApplicationTag, and on top a bit: the rule denies
  uint8_t count = 0;
  std::array<uint16_t, ranges_max> first, last{}, rule{};

  /** No port is in an unused range. */
  PlanLeaf() { first.fill(0xffff); }
  void add(uint16_t first_port, uint16_t last_port, RuleIndex index, ApplicationTag tag, bool denies);
  [[nodiscard]] bool is_conditional(size_t range) const { return (tags[range] & 127) != tag_any; }
  bool operator==(const PlanLeaf&) const = default;

  /** Of ranges, a bit for each. */
  struct Bits {
    uint32_t having;   // the port
    uint32_t sure;     // whose rule names no application
    uint32_t alike;    // whose rule may name this one, or several
    uint32_t denying;  // whose rule denies
  };
  [[nodiscard]] Bits bits(uint16_t port, ApplicationTag tag) const {
    // Sixteen lanes are read of each list: what stands behind its end is cut off again.
    using Ports = uint16_t __attribute__((ext_vector_type(16)));
    using Tags = uint8_t __attribute__((ext_vector_type(16)));
    const auto* line = reinterpret_cast<const std::byte*>(this);
    Ports firsts, lasts;
    Tags own;
    std::memcpy(&firsts, line + offsetof(PlanLeaf, first), sizeof(firsts));
    std::memcpy(&lasts, line + offsetof(PlanLeaf, last), sizeof(lasts));
    std::memcpy(&own, line + offsetof(PlanLeaf, tags), sizeof(own));
    const Ports ports = port;
    const Tags names = own & 127;
    return {bits_of((firsts <= ports) & (ports <= lasts)), bits_of(names == tag_any),
            bits_of((names == tag) | (names == tag_several)), bits_of(own > 127)};
  }

 private:
  template <class Lanes>
  static uint32_t bits_of(const Lanes& lanes) {
    using Bools = bool __attribute__((ext_vector_type(16)));
    return std::bit_cast<uint16_t>(__builtin_convertvector(lanes, Bools)) & ((1u << ranges_max) - 1);
  }
};
static_assert(sizeof(PlanLeaf) == 64);
static_assert(offsetof(PlanLeaf, last) + 16 * sizeof(uint16_t) <= sizeof(PlanLeaf));

/** How to go on from a cell. */
class PlanNode {
 public:
  enum Kind : uint8_t {
    unknown,  // nobody has asked yet
    leaf,
    fan,      // cut in sixteen by port, as a leaf cannot hold what is there
    crowded,  // in no plan: what applies is looked up by the pairs of groups
  };

  PlanNode() = default;
  explicit PlanNode(Kind kind, uint32_t line = 0) : word_(uint32_t{kind} << 30 | line) {}
  explicit PlanNode(uint32_t word) : word_(word) {}

  [[nodiscard]] Kind kind() const { return static_cast<Kind>(word_ >> 30); }
  [[nodiscard]] uint32_t line() const { return word_ & ((1u << 30) - 1); }
  [[nodiscard]] uint32_t word() const { return word_; }

 private:
  uint32_t word_ = 0;
};

/** Where a node stands; 0 until somebody works it out. */
using PlanCell = std::atomic<uint32_t>;

class Plans {
 public:
  /** Plans are kept between so many kinds of ends: those that all rules treat alike are one kind. */
  static constexpr uint32_t kinds_max = 2048;
  static constexpr uint32_t lines_max = 1 << 20;
  static constexpr uint32_t fan_bits = 4;

  explicit Plans(uint32_t lines = lines_max);

  /** Null where no plan is kept: kinds beyond the bound, protocols but TCP, UDP, ICMP and ICMPv6. */
  [[nodiscard]] PlanCell* cell(uint8_t proto, uint32_t from_kind, uint32_t to_kind) const {
    if ((from_kind | to_kind) >= kinds_max || places[proto] == nowhere) return nullptr;
    return reinterpret_cast<PlanCell*>(cells_.data()) +
           ((size_t{places[proto]} * kinds_max + from_kind) * kinds_max + to_kind);
  }
  [[nodiscard]] const PlanLeaf& leaf(PlanNode node) const {
    return reinterpret_cast<const PlanLeaf*>(lines_.data())[node.line()];
  }
  [[nodiscard]] PlanCell& part(PlanNode fan, uint32_t number) const {
    return reinterpret_cast<PlanCell*>(lines_.data() + size_t{fan.line()} * sizeof(PlanLeaf))[number];
  }
  /** Brings a node's line near; the cell itself has to be near already. */
  void prefetch(const PlanCell& cell) const {
    const PlanNode node(cell.load(std::memory_order_relaxed));
    __builtin_prefetch(lines_.data() + size_t{node.line()} * sizeof(PlanLeaf));
  }
  /** Then the line of the part that has the port, where the cell has a fan. */
  void prefetch_part(const PlanCell& cell, uint16_t port) const {
    const PlanNode node(cell.load(std::memory_order_relaxed));
    if (node.kind() == PlanNode::fan) prefetch(part(node, port >> (16 - fan_bits)));
  }

  /** What is in the cell from now on: the leaf, which equal ones share, unless another thread was first. Any
   * thread. */
  PlanNode keep(PlanCell& cell, const PlanLeaf& leaf);
  /** Likewise, with a fan of unknown parts. */
  PlanNode keep_fan(PlanCell& cell);
  PlanNode keep_crowded(PlanCell& cell);

  /** Lines in use: 64 bytes each. */
  [[nodiscard]] uint32_t lines() const;

 private:
  static constexpr uint8_t nowhere = 0xff;
  static constexpr uint32_t no_line = ~0u;
  static constexpr auto places = [] {
    std::array<uint8_t, 256> all{};
    all.fill(nowhere);
    all[6] = 0, all[17] = 1, all[1] = 2, all[58] = 3;
    return all;
  }();

  template <class Make>
  PlanNode keep_made(PlanCell& cell, Make make);
  uint32_t new_line();
  uint32_t line_of(const PlanLeaf& leaf);
  void grow_index();

  const uint32_t most_;  // lines
  Region cells_, lines_;
  mutable std::mutex mutex_;
  uint32_t used_ = 0;
  std::vector<uint32_t> index_;  // lines of leaves + 1 by their contents, with open addressing; 0 = free
  uint32_t leaves_ = 0;
};

}  // namespace vmoat
