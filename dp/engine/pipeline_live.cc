// The pipeline and the kernel's flow table: both ends' entries make one session, answers go back by the
// kernel's keys.
#include "engine/pipeline_impl.h"

namespace vmoat {

namespace {

constexpr uint32_t want_opening = 2 * opening_bytes_max;
constexpr uint32_t want_echoes = 16384;  // what echo messages carry, for those who look for tunnels in it

bool is_icmp(const Session& s) {
  return s.key.proto() == IPPROTO_ICMP || s.key.proto() == IPPROTO_ICMPV6;
}

Address address_of(const uint8_t* bytes) {
  return Address::v6(bytes);
}

}  // namespace

/** The packet came with the kernel's key: that NIC's end of the session has an entry. */
void Pipeline::Impl::meet_kernel(Session& s, int sender, const Context& context) {
  const vmoat_flow_key* key = context.frame->key;
  if (key == nullptr || context.depth != 0) return;
  const int near = context.frame->way == VMOAT_FROM_NIC ? sender : 1 - sender;
  const uint16_t near_port = near != 0 ? s.key.high_port : s.key.low_port;
  const bool icmp = s.key.proto() == IPPROTO_ICMP || s.key.proto() == IPPROTO_ICMPV6;
  if (!icmp && key->near_port != near_port) return;  // a fragment's key has no ports
  s.slot[near] = key->slot;
  s.set(kernel_flag(near));
}

/** Another NIC's guest speaks for an end that is known to be elsewhere. */
bool Pipeline::Impl::is_foreign(const Session& s, int sender, const Frame& frame) {
  if (frame.key == nullptr || frame.way != VMOAT_FROM_NIC) return false;
  return s.has(kernel_flag(sender)) && s.slot[sender] != frame.key->slot;
}

vmoat_flow_key Pipeline::Impl::kernel_key(const Session& s, int end) const {
  vmoat_flow_key key{};
  const bool icmp = s.key.proto() == IPPROTO_ICMP || s.key.proto() == IPPROTO_ICMPV6;
  const bool turn = end != 0 && !icmp;
  std::memcpy(key.near, (end != 0 ? s.key.high : s.key.low).bytes(), 16);
  std::memcpy(key.far, (end != 0 ? s.key.low : s.key.high).bytes(), 16);
  key.near_port = turn ? s.key.high_port : s.key.low_port;
  key.far_port = turn ? s.key.low_port : s.key.high_port;
  std::copy_n(paths_.at(s.path).tags, 2, key.tags);
  key.slot = s.slot[end];
  key.proto = s.key.proto();
  key.family = s.key.family();
  return key;
}

void Pipeline::Impl::want(Session& s, uint32_t client_bytes, uint32_t server_bytes) {
  for (int end = 0; end < 2; end++) {
    const bool client = end == s.client();
    const uint32_t near = client ? client_bytes : server_bytes, far = client ? server_bytes : client_bytes;
    if (s.has(kernel_flag(end))) control_->want(kernel_key(s, end), near, far);
  }
}

/** After recognisers and threats have read: more is wanted once for each purpose, and nothing any more when
 * all are done. */
void Pipeline::Impl::answer(Session& s, bool was_followed, bool was_sought) {
  if (!Recognition::wants_more(s)) {
    const uint32_t echoes = is_icmp(s) ? want_echoes : 0;
    return want(s, echoes, echoes);
  }
  if (s.has(is_followed)) {
    if (!was_followed) want(s, recognition_.follow_bytes(s), recognition_.follow_bytes(s));
  } else if (s.has(is_decided)) {
    if (!was_followed && !was_sought) return;
    const Contents::Appetites appetites = Contents::reads(s) ? Contents::appetites(s) : Contents::Appetites{};
    const uint32_t least = s.has(is_shown) ? want_opening : 0;
    want(s, std::max(appetites.client, least), std::max(appetites.server, least));
  } else if (!s.has(is_wanted)) {
    s.set(is_wanted);
    want(s, want_opening, want_opening);
  }
}

void Pipeline::Impl::touch(uint32_t number) {
  Session& s = table_[number];
  if (s.has(is_dirty)) return;
  s.set(is_dirty);
  if (dirty_count_ <= options_.sessions_max)
    reinterpret_cast<uint32_t*>(dirty_.data())[dirty_count_++] = number;
}

/** True when the end record has to wait for the kernel's last count. */
bool Pipeline::Impl::leave_kernel(uint32_t number, FlowEnd end) {
  Session& s = table_[number];
  const bool has_entries = s.has(kernel_low) || s.has(kernel_high);
  if (!has_entries || s.state == State::ended) return false;
  recognition_.finish(s);
  s.state = State::ended;
  s.end = end;
  for (int e = 0; e < 2; e++)
    if (s.has(kernel_flag(e))) control_->forget(kernel_key(s, e));
  s.last_ns = std::max(s.last_ns, now_ns_);
  table_.schedule(number);
  return true;
}

uint32_t Pipeline::Impl::session_of_count(const vmoat_flow_key& key, const KeyedPacket& k, PathNumbers by,
                                          const vmoat_flow& flow, int64_t offset_ns, Counted how) {
  if (const uint32_t number = table_.find(k); number != 0) return number;
  const uint32_t number = make_session(k, by.path, 0, static_cast<int64_t>(flow.first_ns) + offset_ns);
  if (number == 0) return 0;
  Session& s = table_[number];
  const int near = k.sender, far = 1 - near;
  if (key.proto == IPPROTO_TCP) {
    s.state = State::established;
    const bool near_asked = (flow.tcp_flags[VMOAT_FROM_NIC] & (tcp_syn | tcp_ack)) == tcp_syn;
    const bool far_asked = (flow.tcp_flags[VMOAT_TO_NIC] & (tcp_syn | tcp_ack)) == tcp_syn;
    const uint8_t flags = flow.tcp_flags[VMOAT_FROM_NIC] | flow.tcp_flags[VMOAT_TO_NIC];
    if (how == Counted::adopted && (flags & tcp_fin) != 0) s.state = State::closing;
    if (near_asked || far_asked) s.state = State::half_open, s.set(direction_was_seen);
    s.set_client(near_asked ? near : far_asked ? far : key.near_port > key.far_port ? near : far);
    if (flow.picked_up != 0) s.set(was_picked_up), counters_.picked_up++;
  } else {
    const bool both = flow.packets[0] > 0 && flow.packets[1] > 0;
    s.state = both ? State::answered : State::unanswered;
    s.set_client(key.near_port >= key.far_port ? near : far);
  }
  if (listeners_.has(s, 0) != listeners_.has(s, 1)) s.set_client(listeners_.has(s, 0) ? 1 : 0);
  meet_expectation(number);
  table_.schedule(number);
  return number;
}

void Pipeline::Impl::add_retransmissions(TcpEnd& end, uint32_t& seen, uint32_t now) {
  if (now < seen) seen = 0;  // the entry was made anew
  end.retransmissions = std::min(end.retransmissions + now - seen, TcpEnd::retransmissions_max);
  seen = now;
}

void Pipeline::Impl::add_kernel_count(uint32_t number, int near, const vmoat_flow& flow, bool adopted) {
  Session& s = table_[number];
  LiveCount& seen = live_count(number);
  for (int way = 0; way < 2; way++) {
    const int sender = way == VMOAT_FROM_NIC ? near : 1 - near;
    uint64_t &packets = seen.packets[near][way], &bytes = seen.bytes[near][way];
    if (flow.packets[way] < packets) packets = bytes = 0;  // the entry was made anew
    const uint64_t more = flow.packets[way] - packets, more_bytes = flow.bytes[way] - bytes;
    if (more != 0) {
      add_count(number, sender, more, more_bytes);
      if (!adopted) judge_growth(s, sender, more, more_bytes, now_ns_);
      if (adopted) seen.since.packets[sender] = seen.since.bytes[sender] = 0;
      touch(number);
    }
    add_retransmissions(s.tcp[sender], seen.retransmissions[near][way], flow.retransmissions[way]);
    packets = flow.packets[way];
    bytes = flow.bytes[way];
  }
  const uint32_t denied = vmoat_verdict_word(verdicts_.generation(), VMOAT_DENY);
  const bool is_denied = flow.ruled[0].verdict == denied || flow.ruled[1].verdict == denied;
  if (is_denied && !std::exchange(seen.was_denied, true)) touch(number);
  const uint32_t allowed = vmoat_verdict_word(verdicts_.generation(), VMOAT_ALLOW);
  const bool is_allowed = flow.ruled[0].verdict == allowed && flow.ruled[1].verdict == allowed;
  constexpr int64_t free_after_ns = 5 * ns_per_s;  // by then its ends are known
  const bool is_free = s.first_ns + free_after_ns < now_ns_ && !verdicts_.is_guarded(s);
  if (is_allowed || is_free) forget_shown(number);
}

/** Whether the kernel counted a fragment for its flow: it knows the flow once the first fragment has come. */
bool Pipeline::Impl::is_attributed(const Packet& p, const vmoat_flow_key& key) {
  return p.fragment_offset == 0 || !is_portless(key);
}

/** A later fragment that came before its first: the kernel cannot say whose it is, the engine counts it. */
bool Pipeline::Impl::is_portless(const vmoat_flow_key& key) {
  const bool has_ports = key.proto == IPPROTO_TCP || key.proto == IPPROTO_UDP ||
                         key.proto == IPPROTO_UDPLITE || key.proto == IPPROTO_SCTP ||
                         key.proto == IPPROTO_ICMP || key.proto == IPPROTO_ICMPV6;
  return has_ports && key.near_port == 0 && key.far_port == 0;
}

/** A dump may be older than the last count of an entry: it must not make a session of it again. */
bool Pipeline::Impl::entry_is_gone(const vmoat_flow_key& key, const vmoat_flow& flow, bool mark) {
  uint64_t words[(sizeof key + sizeof flow.first_ns + 7) / 8] = {};
  std::memcpy(words, &key, sizeof key);
  std::memcpy(reinterpret_cast<uint8_t*>(words) + sizeof key, &flow.first_ns, sizeof flow.first_ns);
  if (mark) ended_.add(words, std::size(words));
  return ended_.has(words, std::size(words));
}

PathNumbers Pipeline::Impl::find_path(const vmoat_flow_key& key, uint32_t segment) {
  Path path;
  path.segment = segment;
  std::copy_n(key.tags, 2, path.tags);
  return paths_.find(path);
}

KeyedPacket Pipeline::Impl::keyed_of(const vmoat_flow_key& key, PathNumbers by) const {
  return key_of(address_of(key.near), address_of(key.far), key.near_port, key.far_port, key.proto, key.family,
                by.scope, hash_);
}

void Pipeline::Impl::count(const vmoat_flow_key& key, uint32_t segment, const vmoat_flow& flow,
                           int64_t epoch_offset_ns, Counted how) {
  if (!live()) return;
  const PathNumbers by = find_path(key, segment);
  if (by.path == 0) return;
  const KeyedPacket k = keyed_of(key, by);
  const bool gone = entry_is_gone(key, flow, how == Counted::last);
  if ((gone || is_portless(key)) && table_.find(k) == 0) return;
  if (gone && how != Counted::last) return;  // the key's next entry has counts of its own
  const bool uncounted =
      flow.packets[VMOAT_FROM_NIC] + flow.packets[VMOAT_TO_NIC] == 0;  // there for its verdict only
  if (uncounted && table_.find(k) == 0) return how == Counted::last ? void() : control_->forget(key);
  if (uncounted && is_to_many(address_of(key.near))) return;  // one of its receivers
  const uint32_t number = session_of_count(key, k, by, flow, epoch_offset_ns, how);
  if (number == 0) return;
  Session& s = table_[number];
  const int near = k.sender;
  s.slot[near] = key.slot;
  add_kernel_count(number, near, flow, how == Counted::adopted);
  if (s.state != State::ended) {
    s.last_ns = std::max(s.last_ns, static_cast<int64_t>(flow.last_ns) + epoch_offset_ns);
    if (s.state == State::unanswered && s.packets[0] > 0 && s.packets[1] > 0) {
      s.state = State::answered;
      table_.schedule(number);
    }
  }
  if (s.state != State::ended) ask_policy(number);
  if (how != Counted::last) return s.set(kernel_flag(near));
  s.clear(kernel_flag(near));
  if (s.state == State::ended && !s.has(kernel_low) && !s.has(kernel_high)) emit(number, s.end);
}

void Pipeline::Impl::retell() {
  addresses_.retell();
  if (options_.names != nullptr) options_.names->retell();
  retelling_ = true;
  retold_ = 0;
}

void Pipeline::Impl::retell_some() {
  for (uint32_t told = 0; retelling_ && told < retold_a_report; told++) {
    retold_ = table_.next(retold_);
    retelling_ = retold_ != 0;
    if (!retelling_) return;
    if (table_[retold_].facts != 0) table_[retold_].set(facts_changed);
    touch(retold_);
  }
}

void Pipeline::Impl::report(int64_t now_ns) {
  advance(now_ns);
  retell_some();
  const auto* dirty = reinterpret_cast<const uint32_t*>(dirty_.data());
  for (uint32_t i = 0; i < dirty_count_; i++) {
    control_->worked();
    Session& s = table_[dirty[i]];
    if (!s.has(is_dirty) || s.state == State::ended) continue;
    s.clear(is_dirty);
    FlowRecord record = record_of(s, live_count(dirty[i]).since, paths_.at(s.path), FlowEnd::open);
    write_policy(dirty[i], record);
    batch_.add(record, s.has(facts_changed) ? recognition_.facts(s) : Bytes{});
    s.clear(facts_changed);
    live_count(dirty[i]).since = {};
    counters_.flow_records++;
    if (batch_.full()) flush();
  }
  dirty_count_ = 0;
  flush();
  watch_.report(sink_);
  auto& news = addresses_.take_news(now_ns);
  if (!news.empty()) {
    sink_.addresses({reinterpret_cast<const uint8_t*>(news.data()), news.size() * sizeof news[0]});
    counters_.address_records += news.size();
    news.clear();
  }
  tell_names(now_ns);
}

}  // namespace vmoat
