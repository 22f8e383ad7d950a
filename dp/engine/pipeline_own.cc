// What guests claim to be: whose an address is, learned from ARP, NDP, DHCP and traffic; and whether a guest
// in protect sends under its own.
#include "engine/pipeline_impl.h"

namespace vmoat {
namespace {

constexpr uint8_t neighbour_solicitation = 135, neighbour_advertisement = 136;
constexpr size_t ndp_target = 8;

bool is_unspecified(const Address& address) {
  return address == Address{} || address == Address::v4(std::array<uint8_t, 4>{}.data());
}

/** What came from afar is none (RFC 4861 6.1, 7.1). */
bool discovers_neighbours(const Packet& p) {
  return p.ttl == 255 && !p.body.empty() && is_neighbour_discovery(service_of(p.proto, p.dport));
}

/** Before an address is there, these are sent without one (RFC 3376 4, RFC 3810 5.2.13). */
bool needs_no_address(const Packet& p) {
  constexpr uint8_t mld_report = 131, mld_done = 132, mld2_report = 143;
  if (p.proto == IPPROTO_IGMP) return true;
  const uint8_t type = p.proto == IPPROTO_ICMPV6 && !p.body.empty() ? p.body[0] : 0;
  return type == mld_report || type == mld_done || type == mld2_report;
}

}  // namespace

std::optional<Address> claim_of(const Packet& p) {
  Lesson lesson;
  if (p.layer == Layer::arp) return lesson_of_arp(p, lesson) ? lesson.address : Address{};
  if (!discovers_neighbours(p)) return std::nullopt;
  const uint8_t type = p.body[0];
  const bool by_target =
      type == neighbour_advertisement || (type == neighbour_solicitation && is_unspecified(p.src));
  if (!by_target) return p.src;
  return p.body.size() >= ndp_target + 16 ? Address::v6(&p.body[ndp_target]) : Address{};
}

/** Who asks and answers for an address has it, if nobody else does; not a guest in protect whose word does
 * not count. Traffic alone shows that only where nobody has a reason to lie. */
void Pipeline::Impl::learn_owner(const Lesson& lesson, int64_t now_ns) {
  if (options_.own == nullptr || lesson.slot == no_slot || !is_ownable(lesson.address)) return;
  const bool by_traffic = lesson.source == AddressSource::traffic;
  if (by_traffic && verdicts_.guards(lesson.slot)) return;
  if (verdicts_.whose_addresses(lesson.slot) > OwnAddresses::learned) return;
  if (!watch_.is_host(lesson.address))
    options_.own->claim({lesson.segment, lesson.address, lesson.slot}, now_ns);
}

/** What a lease says of a NIC's guest, by its MAC. */
void Pipeline::Impl::learn_lease_owner(const Lesson& lesson, int64_t now_ns) {
  if (options_.own == nullptr) return;
  const uint16_t slot = verdicts_.slot_of(lesson.segment, lesson.mac);
  if (slot != no_slot) options_.own->claim({lesson.segment, lesson.address, slot, Ownership::leased}, now_ns);
}

/** A guest in protect says that it has an address. */
bool Pipeline::Impl::may_claim(const Address& address, const Packet& p, const Frame& frame) {
  const OwnAddresses least = verdicts_.whose_addresses(frame.slot);
  if (is_unspecified(address) || least == OwnAddresses::any) return true;
  AddressOwners& own = *options_.own;
  if (!own.has(frame.segment, address, frame.slot, least)) {
    if (least != OwnAddresses::learned || !is_ownable(address) || watch_.is_host(address)) return false;
    if (!own.claim({frame.segment, address, frame.slot}, frame.time_ns)) return false;
  }
  if (p.tags[0] == 0) tell_end(frame.segment, address, frame.slot);
  return true;
}

/** Goes by its address, as what a router gets does, where it came to a guest who does not have that. */
bool Pipeline::Impl::is_to_other(const Packet& p, const Frame& frame) const {
  if (frame.way != VMOAT_TO_NIC || options_.own == nullptr || !verdicts_.guards(frame.slot)) return false;
  const uint16_t owner = options_.own->owner(frame.segment, p.dst);
  const bool is_tagged = p.tags[0] != 0;  // nobody says what is whose there but who speaks there
  if (owner == frame.slot) return false;
  if (owner == no_slot && (is_tagged || !options_.own->has_like(p.dst, frame.slot))) return false;
  const Identity its = verdicts_.nic(frame.slot);
  return its != 0 && verdicts_.identity_by_address(frame.segment, p.dst) != its;
}

bool Pipeline::Impl::speaks_for_itself(const Packet& p, const Frame& frame) {
  if (frame.way != VMOAT_FROM_NIC || options_.own == nullptr) return true;
  const OwnAddresses least = verdicts_.whose_addresses(frame.slot);
  if (least == OwnAddresses::any || options_.own->has(frame.segment, p.src, frame.slot, least)) return true;
  if (is_unspecified(p.src)) return needs_no_address(p);
  return least == OwnAddresses::learned && introduces_itself(p, frame);
}

/** A guest that has shown no address, since it has been there for longer than we, and asks for nobody's. */
bool Pipeline::Impl::introduces_itself(const Packet& p, const Frame& frame) {
  if (!is_ownable(p.src) || watch_.is_host(p.src)) return false;
  if (!options_.own->claim_first({frame.segment, p.src, frame.slot}, frame.time_ns)) return false;
  if (p.tags[0] == 0) tell_end(frame.segment, p.src, frame.slot);
  return true;
}

/** The kernel may go on by it until there is another policy. */
void Pipeline::Impl::tell_end(uint32_t segment, const Address& address, uint16_t slot) {
  vmoat_end_key key = {.address = {}, .segment = segment};
  std::memcpy(key.address, address.bytes(), sizeof key.address);
  const Identity identity =
      slot != no_slot ? verdicts_.nic(slot) : verdicts_.identity_by_address(segment, address);
  if (identity != 0)
    control_->tell(key, {.identity = identity, .slot = slot != no_slot ? slot : uint16_t{0}});
}

/** Who the ends of a flow are and whether it is allowed, for the kernel to know the next one like it. */
void Pipeline::Impl::tell_pair(uint32_t number, const Held& held, vmoat_verdict verdict) {
  const Frame& frame = held.frame;
  const Session& s = table_[number];
  const std::optional<Verdicts::Foreseen> foreseen = verdicts_.foreseen(number, s);
  if (!foreseen || foreseen->verdict != verdict) return;
  if (paths_.at(s.path).tags[0] != 0 || options_.own == nullptr) return;
  const Question& q = foreseen->of;
  control_->tell(vmoat_pair{.from = q.from, .to = q.to, .service = q.port, .proto = q.proto}, verdict);
  for (int end = 0; end < 2; end++) {
    const Address& address = end != 0 ? s.key.high : s.key.low;
    const uint16_t owner = options_.own->owner(frame.segment, address);
    const bool by_tap = end != held.near() && frame.way == VMOAT_TO_NIC && frame.sender != no_slot;
    const Identity said =
        owner != no_slot ? verdicts_.nic(owner) : verdicts_.identity_by_address(frame.segment, address);
    if (!by_tap && said == (end == foreseen->client ? q.from : q.to)) tell_end(frame.segment, address, owner);
  }
}

}  // namespace vmoat
