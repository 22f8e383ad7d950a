// What one recogniser says in one call, bounded.
#include <algorithm>

#include "engine/recognition.h"

namespace vmoat {
namespace {

uint8_t proto_of(Transport transport) {
  return transport == over_tcp ? IPPROTO_TCP : transport == over_udp ? IPPROTO_UDP : IPPROTO_SCTP;
}

Address address_of(Bytes ip) {
  return ip.size() == 4 ? Address::v4(ip.data()) : Address::v6(ip.data());
}

}  // namespace

void Recognition::Notes::fact(Fact key, std::string_view value) {
  if (recognition_.keep_facts_) facts.put(key, value);
}

void Recognition::Notes::layer(std::string_view application) {
  if (layer_count == 2) return;  // the claimer itself is the first of three
  if (const uint8_t number = recognition_.number_of(application); number != 0) layers[layer_count++] = number;
}

void Recognition::Notes::lease(Bytes ip, Bytes mac) {
  if (lease_count == leases.size() || mac.size() != 6 || (ip.size() != 4 && ip.size() != 16)) return;
  Lease& l = leases[lease_count++];
  l.ip = address_of(ip);
  std::copy_n(mac.begin(), 6, l.mac.begin());
}

void Recognition::Notes::keep(Bytes bytes) {
  kept_bytes = std::min(bytes.size(), kept.size());
  if (kept_bytes != 0) std::memmove(kept.data(), bytes.data(), kept_bytes);
  has_kept = true;
}

void Recognition::Notes::expect(const Expectation& e) {
  const uint8_t number = recognition_.number_of(e.application);
  const bool told = e.address.size() == 4 || e.address.size() == 16;
  if (announcement_count == announcements.size() || number == 0 || e.port == 0) return;
  announcements[announcement_count++] = {.address = told ? address_of(e.address) : Address{},
                                         .is_told = told,
                                         .of_server = e.end == Expectation::End::server,
                                         .family = static_cast<uint8_t>(e.address.size() == 16 ? 6 : 4),
                                         .proto = proto_of(e.transport),
                                         .port = e.port,
                                         .lifetime_s = e.lifetime_s,
                                         .application = number,
                                         .once = e.once,
                                         .anyone = e.anyone,
                                         .is_client = e.is_client};
}

void Recognition::Notes::asked(const NameQuestion& question) {
  if (speaks != nullptr) recognition_.name_watch_->asked(*speaks, question);
}

void Recognition::Notes::answered(const NameQuestion& question, std::span<const NameAddress> addresses) {
  if (speaks != nullptr) recognition_.name_watch_->answered(*speaks, question, addresses);
}

void Recognition::Notes::clear() {
  facts.clear();
  layer_count = lease_count = announcement_count = 0;
  swapped = wants_more = has_kept = has_enough = false;
}

}  // namespace vmoat
