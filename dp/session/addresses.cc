// Addresses: a bounded table per worker; news are collected and taken once a second.
#include "session/addresses.h"

#include "base/clock.h"
#include "base/endian.h"

namespace vmoat {

namespace {

bool is_v4(const Address& a) {
  return a.words[0] == 0 && static_cast<uint32_t>(a.words[1]) == 0xffff0000u;
}

uint32_t hash_of(const Lesson& l, const SipHash& hash) {
  const uint64_t words[3] = {l.address.words[0], l.address.words[1], l.segment};
  return static_cast<uint32_t>(hash(words, 3));
}

bool is_multicast(const Mac& mac) {
  return (mac[0] & 1) != 0;
}

}  // namespace

bool is_ownable(const Address& a) {
  const uint8_t* b = a.bytes();
  if (is_v4(a)) return b[12] != 0 && b[12] != 127 && b[12] < 224;
  const bool unspecified_or_loopback = a.words[0] == 0 && (a.words[1] == 0 || b[15] == 1);
  return b[0] != 0xff && !unspecified_or_loopback;
}

Addresses::Addresses(uint32_t capacity, SipHash hash)
    : hash_(hash), slab_(capacity), index_(capacity), wheel_(*this, 0) {}

void Addresses::tell(Entry& e, bool gone) {
  if (news_.size() == news_max) return;  // a flood of claims; what stays is told again after repeat_s
  AddressRecord r{};
  std::memcpy(r.address, e.address.bytes(), 16);
  std::memcpy(r.mac, e.mac.data(), 6);
  r.slot = e.slot;
  r.segment = e.segment;
  r.source = e.source;
  r.gone = gone ? 1 : 0;
  r.seen_ns = e.seen_ns;
  news_.push_back(r);
  e.told_ns = e.seen_ns;
}

void Addresses::begin(const Lesson& l, uint32_t hash, uint32_t number, int64_t now_ns) {
  Entry& e = slab_[number];
  e.address = l.address;
  e.hash = hash;
  e.segment = l.segment;
  e.seen_ns = now_ns;
  e.mac = l.mac;
  e.slot = l.slot;
  e.source = l.source;
  wheel_.put(number, now_ns / ns_per_s + silence_s);
  tell(e, false);
}

Learned Addresses::freshen(Entry& e, const Lesson& l, int64_t now_ns) {
  // What its NIC said lately is seen on its way by other taps.
  const bool passes_by =
      e.slot != no_slot && l.slot == no_slot && e.mac == l.mac && now_ns - e.seen_ns < repeat_s * ns_per_s;
  const bool same = passes_by || (e.mac == l.mac && e.slot == l.slot);
  const bool weaker = l.source < e.source;
  if (!passes_by) e.seen_ns = std::max(e.seen_ns, now_ns);
  if (!same && weaker && now_ns - e.told_ns < repeat_s * ns_per_s)
    return Learned::known;  // the better source is fresh
  const bool news = !same || l.source > e.source;
  e.mac = l.mac;
  if (!passes_by) e.slot = l.slot;
  if (!same || !weaker) e.source = l.source;
  if (!news && e.seen_ns - e.told_ns < repeat_s * ns_per_s) return Learned::known;
  tell(e, false);
  return Learned::news;
}

Learned Addresses::learn(const Lesson& l, int64_t now_ns) {
  if (!is_ownable(l.address) || is_multicast(l.mac) || l.mac == Mac{}) return Learned::known;
  const uint32_t hash = hash_of(l, hash_);
  const uint32_t found = index_.find(
      hash, [&](uint32_t n) { return slab_[n].address == l.address && slab_[n].segment == l.segment; });
  if (found != 0) return freshen(slab_[found], l, now_ns);
  const uint32_t number = slab_.take();
  if (number == 0) return Learned::refused;
  if (!index_.insert(hash, number)) return slab_.give_back(number), Learned::refused;
  begin(l, hash, number, now_ns);
  return Learned::news;
}

std::vector<AddressRecord>& Addresses::take_news(int64_t now_ns) {
  wheel_.advance(now_ns / ns_per_s, [&](uint32_t number) {
    Entry& e = slab_[number];
    const int64_t gone_ns = e.seen_ns + silence_s * ns_per_s;
    if (gone_ns > now_ns) return wheel_.put(number, gone_ns / ns_per_s + 1);
    tell(e, true);
    index_.erase(e.hash, number);
    slab_.give_back(number);
  });
  return news_;
}

void Addresses::retell() {
  for (uint32_t n = 1; n <= slab_.top(); n++)
    if (slab_[n].link.list != 0) tell(slab_[n], false);  // whoever is in use waits in the wheel
}

bool lesson_of_arp(const Packet& packet, Lesson& lesson) {
  if (packet.layer != Layer::arp || packet.body.size() != 28) return false;
  const uint8_t* m = packet.body.data();
  if (packet.ethertype != 0x0806) return false;  // RARP announcements bear no address, only a MAC
  lesson.address = Address::v4(m + 14);
  std::memcpy(lesson.mac.data(), m + 8, 6);
  lesson.source = AddressSource::arp;
  return true;
}

namespace {

constexpr uint8_t neighbour_solicitation = 135, neighbour_advertisement = 136;
constexpr uint8_t option_source_link = 1, option_target_link = 2;

bool link_option(Bytes options, uint8_t kind, Mac& mac) {
  while (options.size() >= 8 && options[1] != 0) {
    if (options[0] == kind) return std::memcpy(mac.data(), &options[2], 6), true;
    options = options.subspan(std::min<size_t>(options[1] * 8u, options.size()));
  }
  return false;
}

}  // namespace

bool lesson_of_ndp(const Packet& p, Lesson& lesson) {
  if (p.proto != IPPROTO_ICMPV6 || p.body.size() < 24 || (p.anomalies & bit(Anomaly::ndp_malformed)) != 0)
    return false;
  const uint8_t type = p.body[0];
  lesson.source = AddressSource::ndp;
  if (type == neighbour_advertisement) {
    lesson.address = Address::v6(&p.body[8]);
    return link_option(p.body.subspan(24), option_target_link, lesson.mac) ||
           (p.has_macs && (lesson.mac = p.src_mac, true));
  }
  lesson.address = p.src;
  return type == neighbour_solicitation && link_option(p.body.subspan(24), option_source_link, lesson.mac);
}

}  // namespace vmoat
