// The pipeline learns names: what a NIC's guest asked by DNS and was told. An answer that was not asked for
// teaches nothing, nor one that another guest of this host sends in the server's name.
#include "engine/pipeline_impl.h"
#include "threats/claim.h"

namespace vmoat {

namespace {

Address address_of(Bytes bytes) {
  return bytes.size() == 4 ? Address::v4(bytes.data()) : Address::v6(bytes.data());
}

/** The server's word where it comes from a NIC: that has the MAC the question went to, or a router's shared
 * one stood for it. From anywhere else nothing says whose MAC it should be. */
bool is_from_server(const Packet& p, const Frame& frame, const Mac& asked) {
  const bool of_guest = frame.slot != no_slot && frame.way == VMOAT_FROM_NIC;
  return !of_guest || p.src_mac == asked || is_virtual_router(asked);
}

}  // namespace

/** Inside a tunnel addresses are another network's. */
bool Pipeline::Impl::learns_names(const Session& s) const {
  return options_.names != nullptr && s.slot[s.client()] != no_slot && !is_inside(s);
}

void Pipeline::Impl::asked(const Session& s, const NameQuestion& q) {
  if (!learns_names(s)) return;
  questions_.add({s.id, q.id, q.type, q.name}, heard_.packet->dst_mac, s.last_ns);
}

void Pipeline::Impl::answered(const Session& s, const NameQuestion& q,
                              std::span<const NameAddress> addresses) {
  if (!learns_names(s)) return;
  Mac server;
  const bool believed = questions_.take({s.id, q.id, q.type, q.name}, server, s.last_ns) &&
                        is_from_server(*heard_.packet, *heard_.frame, server);
  if (!believed) {
    counters_.names_unasked++;
    return;
  }
  const int client = s.client();
  NameLesson lesson = {.name = q.name,
                       .server = client != 0 ? s.key.low : s.key.high,
                       .segment = paths_.at(s.path).segment,
                       .slot = s.slot[client]};
  for (const NameAddress& a : addresses) {
    lesson.address = address_of(a.address);
    lesson.ttl_s = a.ttl_s;
    if (is_ownable(lesson.address)) options_.names->learn(lesson, s.last_ns);
  }
}

/** The table is all workers': whoever reports first tells. */
void Pipeline::Impl::tell_names(int64_t now_ns) {
  if (options_.names == nullptr) return;
  options_.names->take_news(now_ns, name_news_);
  if (name_news_.empty()) return;
  sink_.names({reinterpret_cast<const uint8_t*>(name_news_.data()), name_news_.size() * sizeof(NameRecord)});
  name_news_.clear();
}

}  // namespace vmoat
