#include "engine/address_owners.h"

#include <doctest/doctest.h>

namespace vmoat::test {
namespace {

constexpr uint32_t segment = 7;

Address address(uint8_t last) {
  const uint8_t bytes[4] = {10, 0, 0, last};
  return Address::v4(bytes);
}

GivenAddress claim(uint8_t last, uint16_t slot, Ownership how = Ownership::learned) {
  return {.segment = segment, .address = address(last), .slot = slot, .how = how};
}

}  // namespace

TEST_CASE("address owners: who has an address keeps it against a claim that is no better") {
  AddressOwners owners{SipHash()};
  CHECK(owners.claim(claim(1, 5), 0));
  CHECK_FALSE(owners.claim(claim(1, 6), 1));
  CHECK(owners.owner(segment, address(1)) == 5);
  CHECK(owners.claim(claim(1, 6, Ownership::leased), 2));
  CHECK_FALSE(owners.claim(claim(1, 5), 3));
  CHECK(owners.owner(segment, address(1)) == 6);
  CHECK(owners.owner(segment + 1, address(1)) == no_slot);
}

TEST_CASE("address owners: the first address of a kind can be claimed where nobody has it, no second one") {
  AddressOwners owners{SipHash()};
  CHECK(owners.claim(claim(1, 5), 0));
  CHECK_FALSE(owners.has_like(address(1), 6));
  CHECK_FALSE(owners.claim_first(claim(1, 6), 1));
  CHECK(owners.claim_first(claim(2, 6), 1));
  CHECK_FALSE(owners.claim_first(claim(3, 6), 2));
  CHECK_FALSE(owners.claim_first(claim(3, 5), 2));
  CHECK(owners.has_like(address(9), 6));
  const uint8_t link_local[16] = {0xfe, 0x80, 1}, global[16] = {0xfd, 0x80, 1};
  CHECK(owners.claim_first({segment, Address::v6(link_local), 6, Ownership::learned}, 3));
  CHECK(owners.claim_first({segment, Address::v6(global), 6, Ownership::learned}, 3));
  owners.forget(6);
  CHECK(owners.claim_first(claim(3, 6), 4));
}

TEST_CASE("address owners: a guest that was given an address may show another, until it has shown one") {
  AddressOwners owners{SipHash()};
  CHECK(owners.claim(claim(1, 5, Ownership::leased), 0));
  CHECK(owners.has_like(address(2), 5));
  owners.move(5, {.from = segment, .to = segment + 1}, 1);
  CHECK(owners.claim_first({segment + 1, address(2), 5}, 2));
  CHECK_FALSE(owners.claim_first({segment + 1, address(3), 5}, 3));
  CHECK(owners.owner(segment + 1, address(1)) == 5);
}

TEST_CASE("address owners: a NIC takes its addresses into another segment, but nobody else's there") {
  AddressOwners owners{SipHash()};
  CHECK(owners.claim(claim(1, 5, Ownership::leased), 0));
  CHECK(owners.claim(claim(2, 5), 0));
  CHECK(owners.claim({segment + 1, address(2), 6}, 0));
  CHECK(owners.claim({segment + 2, address(3), 5}, 0));
  owners.move(5, {.from = segment, .to = segment + 1}, 1);
  CHECK(owners.owner(segment, address(1)) == no_slot);
  CHECK(owners.owner(segment + 1, address(1)) == 5);
  CHECK_FALSE(owners.has(segment + 1, address(1), 5, OwnAddresses::leased));
  CHECK(owners.owner(segment + 1, address(2)) == 6);
  CHECK(owners.owner(segment + 2, address(3)) == no_slot);
  CHECK_FALSE(owners.claim_first({segment + 1, address(4), 5}, 2));
  CHECK(owners.claim({segment, address(1), 7}, 3));
}

TEST_CASE("address owners: a learned address whose guest was silent for an hour is free") {
  AddressOwners owners{SipHash()};
  CHECK(owners.claim(claim(1, 5), 0));
  CHECK_FALSE(owners.claim(claim(1, 6), AddressOwners::silence_ns - 1));
  CHECK(owners.claim(claim(1, 6), AddressOwners::silence_ns));
}

TEST_CASE("address owners: a NIC's setting says how good an ownership has to be") {
  AddressOwners owners{SipHash()};
  CHECK(owners.claim(claim(1, 5), 0));
  CHECK(owners.claim(claim(2, 5, Ownership::leased), 0));
  CHECK(owners.has(segment, address(1), 5, OwnAddresses::learned));
  CHECK_FALSE(owners.has(segment, address(1), 5, OwnAddresses::leased));
  CHECK(owners.has(segment, address(2), 5, OwnAddresses::leased));
  CHECK_FALSE(owners.has(segment, address(2), 5, OwnAddresses::configured));
  CHECK_FALSE(owners.has(segment, address(2), 6, OwnAddresses::learned));
}

TEST_CASE("address owners: a NIC has its share, and gives it back when it goes") {
  AddressOwners owners{SipHash()};
  for (size_t i = 0; i < AddressOwners::per_nic_max; i++)
    REQUIRE(owners.claim(claim(static_cast<uint8_t>(i), 5), 0));
  GivenAddress more = claim(1, 5);
  more.segment++;
  CHECK_FALSE(owners.claim(more, 0));
  owners.forget(5);
  CHECK(owners.owner(segment, address(1)) == no_slot);
  CHECK(owners.claim(more, 0));
}
}  // namespace vmoat::test
