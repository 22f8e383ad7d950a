// Who an address and a name belong to.
#include <doctest/doctest.h>

#include <algorithm>
#include <random>

#include "base/address_text.h"
#include "policy/address_groups.h"
#include "policy/name_groups.h"
#include "policy/tables.h"

using namespace vmoat;
using Groups = std::vector<uint32_t>;

namespace {

Address address(std::string_view text) {
  const AddressOfText read = read_address(text);
  REQUIRE(read.size != 0);
  return read.size == 4 ? Address::v4(read.bytes.data()) : Address::v6(read.bytes.data());
}

/** Group i has the i-th text. */
AddressGroups groups_of(std::initializer_list<std::string_view> texts) {
  std::vector<AddressGroups::Entry> entries;
  for (const std::string_view text : texts) {
    const Result<AddressRange> range = read_address_range(text);
    REQUIRE_MESSAGE(range.ok(), text);
    entries.push_back({*range, static_cast<uint32_t>(entries.size()), 0});
  }
  Result<AddressGroups> made = AddressGroups::make(entries);
  REQUIRE(made.ok());
  return std::move(*made);
}

Groups covering(const AddressGroups& groups, std::string_view text) {
  const auto found = groups.groups_of(groups.set_covering(address(text)));
  return {found.begin(), found.end()};
}

Groups named(const NameGroups& groups, std::string_view name) {
  Groups found;
  groups.append_groups(name, found);
  std::sort(found.begin(), found.end());
  return found;
}

}  // namespace

TEST_CASE("prefixes and ranges overlap, and every group counts") {
  const AddressGroups groups = groups_of({"10.0.0.0/8", "10.1.0.0/16", "10.1.2.3", "10.1.2.0-10.1.3.255",
                                          "2001:db8::/32", "2001:db8::1-2001:db8::ffff", "255.255.255.255"});
  CHECK(covering(groups, "9.255.255.255") == Groups{});
  CHECK(covering(groups, "10.0.0.0") == Groups{0});
  CHECK(covering(groups, "10.1.0.0") == Groups{0, 1});
  CHECK(covering(groups, "10.1.2.3") == Groups{0, 1, 2, 3});
  CHECK(covering(groups, "10.1.3.255") == Groups{0, 1, 3});
  CHECK(covering(groups, "10.255.255.255") == Groups{0});
  CHECK(covering(groups, "11.0.0.0") == Groups{});
  CHECK(covering(groups, "255.255.255.255") == Groups{6});
  CHECK(covering(groups, "2001:db8::1") == Groups{4, 5});
  CHECK(covering(groups, "2001:db8::1:0") == Groups{4});
  CHECK(covering(groups, "2001:db9::") == Groups{});
}

TEST_CASE("all of IPv6 is none of IPv4, and the other way round") {
  const AddressGroups groups = groups_of({"::/0", "0.0.0.0/0", "::ffff:10.0.0.0/104"});
  CHECK(covering(groups, "10.1.1.1") == Groups{1, 2});
  CHECK(covering(groups, "::") == Groups{0});
  CHECK(covering(groups, "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff") == Groups{0});
  CHECK(covering(groups_of({"0.0.0.0/0"}), "::1:0:0:0") == Groups{});
}

TEST_CASE("what is no range of addresses") {
  for (const char* text : {"", "10.0.0", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/-1", "::/129",
                           "10.0.0.2-10.0.0.1", "10.0.0.1-::1", "10.0.0.1-", "-10.0.0.1", "a-b",
                           "fe80::1%eth0", "10.0.0.0/8/8", "10.0.0.1 ", "1.2.3.4-5"})
    CHECK_MESSAGE(!read_address_range(text).ok(), text);
}

TEST_CASE("random ranges against a look at each of them") {
  std::mt19937 random(7);
  std::vector<AddressGroups::Entry> entries;
  const auto byte = [&] { return std::to_string(random() % 8); };
  for (uint32_t group = 0; group < 40; group++)
    for (uint32_t i = 0; i < 5; i++) {
      const std::string text =
          "10.0." + byte() + "." + byte() + (random() % 2 ? "/" + std::to_string(24 + random() % 9) : "");
      entries.push_back({*read_address_range(text), group, i});
    }
  Result<AddressGroups> groups = AddressGroups::make(entries);
  REQUIRE(groups.ok());
  for (int i = 0; i < 2000; i++) {
    const std::string text = "10.0." + byte() + "." + std::to_string(random() % 256);
    const AddressKey key = AddressKey::of(address(text));
    Groups wanted;
    for (const auto& entry : entries)
      if (entry.range.first <= key && key <= entry.range.last) wanted.push_back(entry.group);
    wanted.erase(std::unique(wanted.begin(), wanted.end()), wanted.end());
    CHECK_MESSAGE(covering(*groups, text) == wanted, text);
  }
}

TEST_CASE("an address in too many groups is refused by name") {
  std::vector<AddressGroups::Entry> entries;
  for (uint32_t group = 0; group <= policy_limits::groups_per_end; group++)
    entries.push_back({*read_address_range("10.0.0.0/8"), group, 3});
  Result<AddressGroups> groups = AddressGroups::make(entries);
  REQUIRE(!groups.ok());
  CHECK(groups.error().what.starts_with("groups["));
  CHECK(groups.error().what.find("].addresses[3]: more than 64") != std::string::npos);
  entries.pop_back();
  CHECK(AddressGroups::make(entries).ok());
}

TEST_CASE("names and patterns") {
  NameGroups groups;
  CHECK(groups.add("example.org", 1).ok());
  CHECK(groups.add("*.Example.org", 2).ok());
  CHECK(groups.add("*.org.", 3).ok());
  CHECK(groups.add("_x.a-1.net", 4).ok());
  CHECK(named(groups, "example.org") == Groups{1, 3});
  CHECK(named(groups, "EXAMPLE.ORG.") == Groups{1, 3});
  CHECK(named(groups, "a.example.org") == Groups{2, 3});
  CHECK(named(groups, "a.b.c.eXample.org") == Groups{2, 3});
  CHECK(named(groups, "badexample.org") == Groups{3});
  CHECK(named(groups, "org") == Groups{});
  CHECK(named(groups, "_x.a-1.net") == Groups{4});
  CHECK(named(groups, "") == Groups{});
  CHECK(named(groups, "...") == Groups{});
  CHECK(named(groups, std::string(1000, '.') + "org") == Groups{});
}

TEST_CASE("what is no pattern") {
  NameGroups groups;
  for (const std::string& text :
       {std::string(), std::string("*"), std::string("*."), std::string("a..b"), std::string("*.*.org"),
        std::string("a*.org"), std::string(".org"), std::string("exämple.org"), std::string("a b.org"),
        std::string(64, 'a') + ".org", std::string("*.") + std::string(63, 'a') + std::string(200, '.')})
    CHECK_MESSAGE(!groups.add(text, 0).ok(), text);
  CHECK(groups.empty());
}
