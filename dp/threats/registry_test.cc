// What holds for every threat.
#include <doctest/doctest.h>

#include <set>

#include "threats/threat.h"

namespace vmoat {

TEST_CASE("every threat has a name of its own, says what it is, and has a way to be raised") {
  std::set<std::string_view> names;
  for (const Threat& t : threats()) {
    CAPTURE(t.name);
    CHECK(names.insert(t.name).second);
    for (const char c : t.name) CHECK(((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'));
    for (const std::string_view line : {t.means, t.evidence, t.live, t.offline}) {
      CHECK(!line.empty());
      CHECK(line.find_first_of("\n|") == std::string_view::npos);
    }
    CHECK(t.name != "disabled");
    const bool hooked = t.anomalies != 0 || t.packet != nullptr || t.flow != nullptr ||
                        t.neighbour != nullptr || t.second != nullptr || t.http != nullptr ||
                        t.http_slow != nullptr || t.input != nullptr || t.dns != nullptr ||
                        t.tls != nullptr || t.banner != nullptr || t.login != nullptr;
    CHECK(hooked);
    CHECK((t.packet != nullptr) == (t.packets != 0));
    CHECK((t.flow != nullptr) == (t.flows != 0));
  }
}

TEST_CASE("thresholds are within their own bounds and at most four") {
  for (const Threat& t : threats()) {
    CAPTURE(t.name);
    CHECK(t.thresholds.size() <= thresholds_max);
    for (const Threshold& h : t.thresholds) {
      CHECK(h.least <= h.standard);
      CHECK(h.standard <= h.most);
      CHECK(!h.means.empty());
      CHECK(!h.unit.empty());
    }
  }
}

}  // namespace vmoat
