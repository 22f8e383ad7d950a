#include "policy/address_groups.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <optional>

#include "base/address_text.h"
#include "policy/tables.h"

namespace vmoat {
namespace {

constexpr std::array<uint8_t, 12> mapped_prefix = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

bool is_mapped(const std::array<uint8_t, 16>& bytes) {
  return std::equal(mapped_prefix.begin(), mapped_prefix.end(), bytes.begin());
}

std::optional<AddressKey> read_key(std::string_view text) {
  const AddressOfText read = read_address(text);
  AddressKey key;
  if (read.size == 16) {
    key = {6, read.bytes};
    if (is_mapped(key.bytes)) key.family = 4;
  } else if (read.size == 4) {
    key.family = 4;
    std::copy(mapped_prefix.begin(), mapped_prefix.end(), key.bytes.begin());
    std::copy_n(read.bytes.begin(), 4, key.bytes.begin() + 12);
  } else {
    return std::nullopt;
  }
  return key;
}

/** All addresses that begin with the first `bits` bits of `key`. */
AddressRange prefix_range(const AddressKey& key, uint32_t bits) {
  AddressRange range{key, key};
  for (uint32_t i = 0; i < 16; i++) {
    const uint32_t kept = std::clamp(static_cast<int>(bits) - static_cast<int>(i) * 8, 0, 8);
    const auto mask = static_cast<uint8_t>(0xff00 >> kept);
    range.first.bytes[i] &= mask;
    range.last.bytes[i] |= static_cast<uint8_t>(~mask);
  }
  return range;
}

std::optional<AddressRange> read_prefix(std::string_view address, std::string_view length) {
  const auto key = read_key(address);
  uint32_t bits = 0;
  const auto [end, problem] = std::from_chars(length.data(), length.data() + length.size(), bits);
  if (!key || problem != std::errc() || end != length.data() + length.size()) return std::nullopt;
  const bool dotted = address.find(':') == std::string_view::npos;
  if (bits > (dotted ? 32u : 128u)) return std::nullopt;
  if (dotted) bits += 96;
  // A prefix of IPv6 that is wider than the mapped addresses means IPv6, whatever address it was written
  // with.
  if (key->family == 4 && bits < 96) return prefix_range({6, key->bytes}, bits);
  return prefix_range(*key, bits);
}

std::optional<AddressRange> read(std::string_view text) {
  if (const size_t slash = text.find('/'); slash != std::string_view::npos)
    return read_prefix(text.substr(0, slash), text.substr(slash + 1));
  const size_t dash = text.find('-');
  const auto first = read_key(text.substr(0, dash));
  const auto last = dash == std::string_view::npos ? first : read_key(text.substr(dash + 1));
  if (!first || !last || first->family != last->family || *last < *first) return std::nullopt;
  return AddressRange{*first, *last};
}

/** The next key of the family, or nothing behind its last one. */
std::optional<AddressKey> after(AddressKey key) {
  for (size_t i = 16; i-- > 0;)
    if (++key.bytes[i] != 0) return key;
  return std::nullopt;
}

/** Where an entry begins or ends. */
struct Edge {
  AddressKey at;
  const AddressGroups::Entry* entry;
  bool begins;
};

std::vector<Edge> edges_of(std::span<const AddressGroups::Entry> entries) {
  std::vector<Edge> edges;
  edges.reserve(entries.size() * 2);
  for (const AddressGroups::Entry& entry : entries) {
    edges.push_back({entry.range.first, &entry, true});
    if (const auto end = after(entry.range.last)) edges.push_back({*end, &entry, false});
  }
  std::sort(edges.begin(), edges.end(), [](const Edge& a, const Edge& b) { return a.at < b.at; });
  return edges;
}

/** How many entries of each group cover the place that the sweep has come to. */
using Cover = std::map<uint32_t, uint32_t>;

void cross(Cover& cover, const Edge& edge) {
  const auto [group, _] = cover.try_emplace(edge.entry->group, 0);
  group->second += edge.begins ? 1 : -1u;
  if (group->second == 0) cover.erase(group);
}

Error too_many(const AddressGroups::Entry& entry) {
  return {"groups[" + std::to_string(entry.group) + "].addresses[" + std::to_string(entry.position) +
          "]: more than " + std::to_string(policy_limits::groups_per_end) +
          " groups have an address in common with it"};
}

}  // namespace

AddressKey AddressKey::of(const Address& address) {
  AddressKey key;
  std::copy_n(address.bytes(), 16, key.bytes.begin());
  key.family = is_mapped(key.bytes) ? 4 : 6;
  return key;
}

Result<AddressRange> read_address_range(std::string_view text) {
  if (const auto range = read(text)) return *range;
  return Error{"is none of 192.0.2.1, 192.0.2.0/24, 192.0.2.1-192.0.2.9, 2001:db8::/32 and the like"};
}

Result<AddressGroups> AddressGroups::make(std::span<const Entry> entries) {
  AddressGroups groups;
  std::map<std::vector<uint32_t>, uint32_t> known = {{{}, 0}};
  Cover cover;
  const std::vector<Edge> edges = edges_of(entries);
  for (size_t i = 0; i < edges.size();) {
    const AddressKey at = edges[i].at;
    const Entry* newest = edges[i].entry;
    for (; i < edges.size() && edges[i].at == at; i++) {
      cross(cover, edges[i]);
      if (edges[i].begins) newest = edges[i].entry;
      // Checked behind each edge, so that one place cannot make it large.
      if (cover.size() > 2 * policy_limits::groups_per_end) return too_many(*newest);
    }
    if (cover.size() > policy_limits::groups_per_end) return too_many(*newest);
    std::vector<uint32_t> set;
    for (const auto& [group, _] : cover) set.push_back(group);
    const auto [found, is_new] = known.try_emplace(set, static_cast<uint32_t>(groups.sets_.size()));
    if (is_new) groups.sets_.push_back(std::move(set));
    groups.starts_.push_back(at);
    groups.set_of_.push_back(found->second);
  }
  return groups;
}

uint32_t AddressGroups::set_covering(const Address& address) const {
  const AddressKey key = AddressKey::of(address);
  const auto next = std::upper_bound(starts_.begin(), starts_.end(), key);
  if (next == starts_.begin()) return 0;
  const auto piece = next - starts_.begin() - 1;
  return starts_[piece].family == key.family ? set_of_[piece] : 0;
}

}  // namespace vmoat
