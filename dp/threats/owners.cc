// The table of owners: sets of four places, the oldest claim gives way.
#include "threats/owners.h"

#include <algorithm>

namespace vmoat {

Owners::Owners(SipHash hash) : hash_(hash), all_(places * sizeof(Owner)), nics_(VMOAT_SLOTS) {}

uint64_t Owners::tag_of(uint32_t segment, const Address& address) const {
  const uint64_t words[3] = {address.words[0], address.words[1], segment};
  return hash_(words, 3) | 1;  // 0 is an empty place
}

Owner* Owners::set_of(uint64_t tag) const {
  const uint32_t number = static_cast<uint32_t>(tag >> 32) % (places / ways);
  return reinterpret_cast<Owner*>(all_.data()) + size_t{number} * ways;
}

const Owner* Owners::find(uint32_t segment, const Address& address, int64_t now_ns) const {
  const uint64_t tag = tag_of(segment, address);
  const Owner* set = set_of(tag);
  for (uint32_t i = 0; i < ways; i++)
    if (set[i].tag == tag) return set[i].seen_ns + fresh_ns > now_ns ? &set[i] : nullptr;
  return nullptr;
}

void Owners::claim(uint32_t segment, const Address& address, const Mac& mac, uint16_t slot, int64_t now_ns) {
  const uint64_t tag = tag_of(segment, address);
  Owner* set = set_of(tag);
  Owner* place = set;
  for (uint32_t i = 0; i < ways && place->tag != tag; i++)
    if (set[i].tag == tag || set[i].seen_ns < place->seen_ns) place = &set[i];
  *place = {.tag = tag, .seen_ns = now_ns, .mac = mac, .slot = slot};
}

namespace {

bool before(const Address& a, const Address& b) {
  return a.words < b.words;
}

}  // namespace

void Owners::set_host(std::vector<Address> addresses) {
  std::sort(addresses.begin(), addresses.end(), before);
  host_ = std::move(addresses);
}

bool Owners::is_host(const Address& address) const {
  return std::binary_search(host_.begin(), host_.end(), address, before);
}

}  // namespace vmoat
