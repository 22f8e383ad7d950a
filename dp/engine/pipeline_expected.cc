// The pipeline's expected flows: what a control flow announces, and the new session that turns out to be it.
#include "engine/pipeline_impl.h"

namespace vmoat {

/**
 * A third address may belong to another worker, which chooses by both addresses: the flow is linked where the
 * same worker sees it, and its name is a guess until its content says the same.
 */
void Pipeline::Impl::announce(uint32_t number) {
  const Session& s = table_[number];
  const Address ends[2] = {s.client() != 0 ? s.key.high : s.key.low,
                           s.client() != 0 ? s.key.low : s.key.high};
  for (const Announcement& a : recognition_.announcements()) {
    const Address own = ends[a.of_server ? 1 : 0];
    const Address address = a.is_told ? a.address : own;
    const uint8_t family = a.is_told ? a.family : s.key.family();
    const uint32_t path_scope = s.key.scope & (SessionKey::scope_v6 - 1);
    const bool is_own = address == ends[0] || address == ends[1];
    const Address peer = address == ends[0] ? ends[1] : ends[0];
    const Expected e = {
        .address = address,
        .peer = a.anyone ? Address{}
                : is_own ? peer
                         : ends[a.of_server ? 0 : 1],
        .parent = s.id,
        .parent_number = number,
        .until_ns = s.last_ns + a.lifetime_s * ns_per_s,
        .scope = path_scope | (family == 6 ? SessionKey::scope_v6 : 0) | static_cast<uint32_t>(a.proto) << 24,
        .port = a.port,
        .application = a.application,
        .once = a.once,
        .is_client = a.is_client,
        .is_own = is_own};
    expectations_.add(e, s.last_ns);
  }
  recognition_.announcements().clear();
}

/** An announced flow's parent is the one that announced it, also inside a tunnel: that one's is the tunnel.
 */
void Pipeline::Impl::meet_expectation(uint32_t number) {
  Session& s = table_[number];
  const Expectations::Match match = expectations_.take(s.key, s.first_ns);
  if (match.expected == nullptr) return;
  const Expected& e = *match.expected;
  s.parent = e.parent;
  if (live()) live_count(number).parent = e.parent_number;
  if (s.key.proto() != IPPROTO_TCP && e.is_client) {
    s.set_client(match.end);
    s.set(direction_was_seen);
  }
  recognition_.announced(s, e.application, e.is_own);
}

}  // namespace vmoat
