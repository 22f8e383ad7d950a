// What guests in protect claim to be, and what is believed of it.
#include <doctest/doctest.h>

#include "engine/address_owners.h"
#include "engine/test_pipeline.h"
#include "engine/verdicts.h"

namespace vmoat::test {
namespace {

constexpr uint16_t slot = 3;
constexpr uint32_t segment = 1;

/** The guest behind the slot. */
LivePolicy live(OwnAddresses whose, bool in_protect) {
  PolicyTables t{.generation = 1};
  t.groups = {{.name = "any"}, {.name = "host"}, {.name = "external"}, {.name = "vm", .mode = Mode::protect}};
  t.groups[3].protection.own_addresses = whose;
  t.nics = {{.tap = "vm", .groups = {0, 3}}};
  t.unknown = {0};
  const auto none = [](std::string_view) { return uint16_t{0}; };
  auto made = Policy::compile(t, none, std::make_shared<IdentityTable>());
  REQUIRE(made.ok());
  LivePolicy policy{*made, std::vector<Identity>(8, (*made)->nic({}))};
  policy.nics[slot] = policy.policy->nic("vm");
  policy.facts.resize(8);
  policy.facts[slot].guarded = in_protect;
  return policy;
}

/** Who 10.0.0.1 is, once that guest has asked for 10.0.0.2 under it. */
uint16_t owner_after_arp(OwnAddresses whose, bool in_protect = true) {
  PipelineOptions options = small_options();
  options.own = std::make_shared<AddressOwners>(SipHash());
  Rig rig(options, true);
  rig.pipeline.policy(std::make_shared<const LivePolicy>(live(whose, in_protect)));
  const Buffer arp =
      ethernet(0x0806, hex("0001 0800 06 04 0001 020000000001 0a000001 000000000000 0a000002"));
  rig.pipeline.frame({.bytes = arp,
                      .time_ns = rig.now_ns,
                      .length = static_cast<uint32_t>(arp.size()),
                      .segment = segment,
                      .slot = slot});
  constexpr uint8_t claimed[4] = {10, 0, 0, 1};
  return options.own->owner(segment, Address::v4(claimed));
}

}  // namespace

TEST_CASE("an address that a guest in protect claims is its own only where its groups take its word") {
  CHECK(owner_after_arp(OwnAddresses::any) == slot);
  CHECK(owner_after_arp(OwnAddresses::learned) == slot);
  CHECK(owner_after_arp(OwnAddresses::leased) == no_slot);
  CHECK(owner_after_arp(OwnAddresses::configured) == no_slot);
  CHECK(owner_after_arp(OwnAddresses::configured, false) == slot);
}

}  // namespace vmoat::test
