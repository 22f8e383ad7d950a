// docs/anomalies.md holds every anomaly of the registry, in its order, and no other.
#include "parse/anomaly.h"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <string>
#include <vector>

namespace vmoat {

namespace {

/** First cells of the page's table rows: | `name` | … */
std::vector<std::string> documented() {
  std::ifstream page(std::filesystem::path(__FILE__).parent_path() / "../../docs/anomalies.md");
  std::vector<std::string> names;
  for (std::string line; std::getline(page, line);)
    if (line.starts_with("| `")) names.push_back(line.substr(3, line.find('`', 3) - 3));
  return names;
}

}  // namespace

TEST_CASE("the documentation and the registry agree") {
  std::vector<std::string> names;
  for (const AnomalyName& a : anomalies()) names.emplace_back(a.name);
  CHECK(documented() == names);
}

TEST_CASE("names are unique and explained") {
  std::set<std::string_view> names;
  for (const AnomalyName& a : anomalies()) {
    CHECK(names.insert(a.name).second);
    CHECK_FALSE(a.means.empty());
  }
}

}  // namespace vmoat
