#include "policy/name_groups.h"

#include <algorithm>

namespace vmoat {
namespace {

constexpr size_t name_bytes_max = 253, label_bytes_max = 63;

std::string lower(std::string_view text) {
  std::string name(text);
  for (char& c : name)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  if (name.ends_with('.')) name.pop_back();
  return name;
}

bool is_label(std::string_view label) {
  return !label.empty() && label.size() <= label_bytes_max &&
         std::all_of(label.begin(), label.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
         });
}

bool is_name(std::string_view name) {
  if (name.size() > name_bytes_max) return false;
  for (size_t at = 0;;) {
    const size_t dot = name.find('.', at);
    if (!is_label(name.substr(at, dot - at))) return false;
    if (dot == std::string_view::npos) return true;
    at = dot + 1;
  }
}

}  // namespace

Status NameGroups::add(std::string_view pattern, uint32_t group) {
  const bool wild = pattern.starts_with("*.");
  std::string name = lower(wild ? pattern.substr(2) : pattern);
  if (!is_name(name)) return Error{"is neither a name like example.org nor a pattern like *.example.org"};
  (wild ? below_ : exact_)[std::move(name)].push_back(group);
  return success();
}

void NameGroups::append_groups(std::string_view name, std::vector<uint32_t>& groups) const {
  if (name.size() > name_bytes_max + 1) return;
  const std::string known = lower(name);
  const auto append = [&](const Patterns& patterns, std::string_view key) {
    const auto found = patterns.find(key);
    if (found != patterns.end()) groups.insert(groups.end(), found->second.begin(), found->second.end());
  };
  append(exact_, known);
  std::string_view rest = known;
  for (size_t dot; (dot = rest.find('.')) != std::string_view::npos;) {
    rest.remove_prefix(dot + 1);
    append(below_, rest);
  }
}

}  // namespace vmoat
