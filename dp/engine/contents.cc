#include "engine/contents.h"

namespace vmoat {

namespace {

constexpr bool is_dns_port(uint16_t port) {
  return port == 53 || port == 5353 || port == 5355;
}

}  // namespace

Contents::Contents(size_t bytes_max, uint16_t slots) : reader_(bytes_max, slots) {
  by_application_.fill(-1);
  const auto all = applications();
  for (size_t i = 0; i < all.size() && i + 1 < by_application_.size(); i++)
    by_application_[i + 1] = static_cast<int8_t>(splitter_of(all[i].name));
  dns_ = splitter_of("dns");
}

/** The operator's own applications, which are numbered behind the registry's, have none. */
int Contents::splitter_for(uint16_t application) const {
  return application < by_application_.size() ? by_application_[application] : -1;
}

Content Contents::content(const Session& s, bool from_client, Bytes data, bool cut) {
  return {.transport = s.key.proto() == IPPROTO_TCP ? over_tcp : over_udp,
          .from_client = from_client,
          .cut = cut,
          .midstream = s.has(was_picked_up),
          .data = data,
          .server_port = s.client() == 0 ? s.key.high_port : s.key.low_port,
          .owner = s.spending_slot()};
}

void Contents::begin(Session& s, const Opening& o) {
  set_hold(s, {});
  const int splitter = splitter_for(s.application);
  if (watch_ == nullptr || splitter < 0 || s.key.proto() != IPPROTO_TCP) return;
  ContentHold hold;
  ContentReader::begin(hold, splitter);
  set_hold(s, hold);
  stream(s, s.client(), o.client);
  stream(s, 1 - s.client(), o.server);
}

void Contents::stream(Session& s, int sender, Bytes data) {
  if (data.empty() || !reads(s, sender)) return;
  ContentHold hold = hold_of(s);
  reader_.take(hold, content(s, sender == s.client(), data, false), s.last_ns, watch_->sink(s, sender));
  set_hold(s, hold);
}

void Contents::datagram(Session& s, int sender, Bytes payload, bool cut) {
  if (watch_ == nullptr || s.key.proto() != IPPROTO_UDP) return;
  int splitter = splitter_for(s.application);
  if (s.application == 0 && (is_dns_port(s.key.low_port) || is_dns_port(s.key.high_port))) splitter = dns_;
  if (splitter < 0) return;
  ContentState none;
  splitters()[static_cast<size_t>(splitter)].split(content(s, sender == s.client(), payload, cut), none,
                                                   watch_->sink(s, sender));
}

void Contents::gap(Session& s) {
  for (int end = 0; end < 2; end++) {
    if (!s.tcp[end].gap || !reads(s, end)) continue;
    ContentHold hold = hold_of(s);
    reader_.end(hold, content(s, end == s.client(), {}, true), s.last_ns, watch_->sink(s, end));
    set_hold(s, hold);
  }
}

void Contents::finish(Session& s) {
  if (!reads(s)) return;
  for (int end = 0; end < 2; end++) {
    ContentHold hold = hold_of(s);
    reader_.end(hold, content(s, end == s.client(), {}, true), s.last_ns, watch_->sink(s, end));
    set_hold(s, hold);
  }
}

void Contents::drop(Session& s) {
  if (!reads(s)) return;
  ContentHold hold = hold_of(s);
  reader_.drop(hold);
  set_hold(s, hold);
}

Contents::Appetites Contents::appetites(const Session& s) {
  const ContentHold hold = hold_of(s);
  const Splitter& splitter = ContentReader::splitter(hold);
  return {hold.reads(true) ? splitter.client_bytes_max : 0,
          hold.reads(false) ? splitter.server_bytes_max : 0};
}

}  // namespace vmoat
