// NameGroups: which groups a name learned from DNS answers belongs to. `example.org` is that name alone,
// `*.example.org` is everything below it at any depth, but not itself; letters are alike in both cases.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace vmoat {

class NameGroups {
 public:
  /** Fails where the pattern is no name of RFC 1035, 2.3.1 (underscores are taken), or has a star elsewhere.
   */
  Status add(std::string_view pattern, uint32_t group);
  /** Appends the groups of a name; one may come more than once. A name of any bytes and length is taken. */
  void append_groups(std::string_view name, std::vector<uint32_t>& groups) const;
  [[nodiscard]] bool empty() const { return exact_.empty() && below_.empty(); }

 private:
  using Patterns = std::map<std::string, std::vector<uint32_t>, std::less<>>;

  Patterns exact_, below_;
};

}  // namespace vmoat
