// The worker's turn: ring → pipeline → answers, every 10 ms or earlier.
#include "engine/worker.h"

#include <pthread.h>
#include <sched.h>
#include <sys/epoll.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "base/clock.h"
#include "engine/reset.h"
#include "engine/verdicts.h"
#include "parse/walk.h"

namespace vmoat {
namespace {

constexpr int turn_ms = 10;
constexpr size_t batch_frames = 32;
constexpr int64_t awake_ns = 50'000;  // after a held frame
constexpr int64_t forgives_after_ns = 10'000'000;
constexpr size_t held_rounds_max = 64;  // so that held frames starve nothing else
constexpr int64_t reset_cost_ns = ns_per_s / 1000, reset_burst = 1000;
constexpr size_t turn_frames_max = 16384;  // so that a flood starves neither counts nor reports

uint16_t be16(const uint8_t* at) {
  return static_cast<uint16_t>(at[0] << 8 | at[1]);
}

// VLAN of a frame the kernel made no key for.
uint16_t vlan_of(const vmoat_event& event, Bytes bytes) {
  if (event.tags[0]) return event.tags[0];
  if (bytes.size() < 16) return 0;
  const uint16_t type = be16(bytes.data() + 12);
  return type == 0x8100 || type == 0x88a8 ? be16(bytes.data() + 14) & 0xfff : 0;
}

/** A super-frame is cut by its bytes, whatever its IP header says: what lies behind that nobody would have
 * read. */
bool hides_something(const HeldFrame& held) {
  if (held.offload.gso_type == 0) return false;
  Packet packet;
  decode({.bytes = held.bytes}, packet);
  return packet.body.data() + packet.body.size() != held.bytes.data() + held.bytes.size();
}

Bytes bytes_of(const vmoat_event& event) {
  return {reinterpret_cast<const uint8_t*>(&event + 1), event.captured};
}

}  // namespace

Worker::Worker(const WorkerOptions& options, TapKernel& kernel, Ring ring, Segments& segments,
               const NicPaths& paths, HeldDrops& drops, RecordSink& sink)
    : number_(options.number),
      kernel_(kernel),
      ring_(std::move(ring)),
      epoll_(::epoll_create1(EPOLL_CLOEXEC)),
      segments_(segments),
      paths_(paths),
      drops_(drops),
      pipeline_(options.pipeline, sink, this),
      waiting_(options.pipeline.fragments.bytes_max),
      on_way_(kernel.on_way(number_)) {
  epoll_event on = {.events = EPOLLIN | EPOLLET, .data = {}};
  ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, ring_.fd(), &on);
}

Worker::~Worker() {
  stop();
}

void Worker::start() {
  beat();
  thread_ = std::thread([this] { run(); });
  pthread_setname_np(thread_.native_handle(), ("vmoat-w" + std::to_string(number_)).c_str());
  // what waits in the ring can wait: waking up must not push a guest off its CPU
  const sched_param none = {};
  pthread_setschedparam(thread_.native_handle(), SCHED_BATCH, &none);
}

void Worker::stop() {
  stopping_.store(true);
  if (thread_.joinable()) thread_.join();
}

void Worker::hand_over(std::vector<CountedFlow> counted, std::vector<vmoat_flow_key> collect, Counted how) {
  const std::lock_guard lock(mutex_);
  if (inbox_.counted.empty())
    inbox_.counted = std::move(counted);
  else
    inbox_.counted.insert(inbox_.counted.end(), counted.begin(), counted.end());
  inbox_.collect.insert(inbox_.collect.end(), collect.begin(), collect.end());
  if (!inbox_.full || how != Counted::running) inbox_.how = how;
  inbox_.full = true;
}

void Worker::retell(uint64_t number) {
  const std::lock_guard lock(mutex_);
  inbox_.retell = number;
  inbox_.full = true;
}

void Worker::hand_over(std::vector<NicMeters> meters) {
  const std::lock_guard lock(mutex_);
  inbox_.meters = std::move(meters);
}

void Worker::policy(std::shared_ptr<const LivePolicy> policy) {
  const std::lock_guard lock(mutex_);
  policy_ = std::move(policy);
}

WorkerView Worker::view() {
  const std::lock_guard lock(mutex_);
  return view_;
}

void Worker::want(const vmoat_flow_key& key, uint32_t from_nic, uint32_t to_nic) {
  pending_.push_back({.key = key, .ask = VMOAT_ASK_WANT, .want = {from_nic, to_nic}});
}

void Worker::forget(const vmoat_flow_key& key) {
  pending_.push_back({.key = key, .ask = VMOAT_ASK_COLLECT});
}

void Worker::rule(const vmoat_flow_key& key, const FlowRule& rule) {
  vmoat_answer answer = {
      .key = key, .ask = VMOAT_ASK_VERDICT, .sender = rule.sender, .content = rule.content};
  for (int way = 0; way < 2; way++) {
    answer.verdict[way] = vmoat_verdict_word(generation_, rule.verdict[way]);
    answer.returned[way] = rule.returned[way];
  }
  if (rule.after) {
    after_ = answer;
    answer.returned[*rule.after & 1] = VMOAT_NOT_RETURNED;
  }
  pending_.push_back(answer);
}

/** A full or failing table costs an upcall, no more. */
void Worker::tell(const vmoat_end_key& key, const vmoat_end& end) {
  vmoat_end told = end;
  told.generation = generation_;
  (void)kernel_.set_end(key, told);
}

void Worker::tell(const vmoat_pair& pair, vmoat_verdict verdict) {
  (void)kernel_.set_pair(pair, vmoat_verdict_word(generation_, verdict));
}

int64_t Worker::unread_ns(const vmoat_flow_key& key) {
  const std::optional<vmoat_flow> flow = kernel_.flow(key);
  if (!flow || flow->unread_ns == 0) return 0;
  return static_cast<int64_t>(flow->unread_ns) + epoch_offset_ns_;
}

void Worker::divert(Divert divert) {
  const std::lock_guard lock(mutex_);
  new_divert_ = std::move(divert);
}

void Worker::run() {
  epoch_offset_ns_ = realtime_ns() - monotonic_ns();
  take_policy();
  take_inbox();  // what an earlier run counted comes before new events
  bool more = false;
  while (!stopping_.load(std::memory_order_relaxed)) {
    if (!more) wait();
    courtesy_.begin();
    take_policy();
    epoch_offset_ns_ = realtime_ns() - monotonic_ns();
    more = read_ring();
    take_held();
    pipeline_.advance(realtime_ns());
    take_inbox();
    answer_all();
    beat();
  }
  while (read_ring()) answer_all();
  take_inbox();
  pipeline_.report(realtime_ns());
  pipeline_.flush();
  answer_all();
}

// Edge-triggered: what waits in the ring does not wake us, the kernel does when much is waiting. So one
// wake-up serves many events. Where a frame was held, another one follows soon, and its sender would wait for
// us to wake up: until then we only let others run.
void Worker::wait() {
  epoll_event ready;
  while (monotonic_ns() < awake_until_ns_) {
    if (::epoll_wait(epoll_.get(), &ready, 1, 0) != 0) return;
    ::sched_yield();
  }
  ::epoll_wait(epoll_.get(), &ready, 1, turn_ms);
}

uint32_t Worker::segment_of(const vmoat_event& event) {
  return segments_.of(event.slot, event.key.family ? event.key.tags[0] : vlan_of(event, bytes_of(event)));
}

void Worker::hear_heads(const vmoat_event& event) {
  vmoat_heads told;
  if (event.captured != sizeof told) return;
  std::memcpy(&told, &event + 1, sizeof told);
  rule_waiting(pipeline_.read(event.key, segment_of(event), told));
}

/** True where more is waiting than one turn takes. */
bool Worker::read_ring() {
  std::array<const vmoat_event*, batch_frames> events;
  std::array<Frame, batch_frames> frames;
  size_t total = 0;
  while (total < turn_frames_max) {
    const size_t count = ring_.peek(events);
    if (count == 0) break;
    size_t framed = 0;
    for (size_t i = 0; i < count; i++) {
      const vmoat_event& e = *events[i];
      if (e.reason == 0) {
        hear_heads(e);
        continue;
      }
      frames[framed++] = {.bytes = bytes_of(e),
                          .time_ns = static_cast<int64_t>(e.time_ns) + epoch_offset_ns_,
                          .length = e.length,
                          .segment = segment_of(e),
                          .tags = {e.tags[0], e.tags[1]},
                          .slot = e.slot,
                          .way = e.way,
                          .reason = e.reason,
                          .key = e.key.family ? &e.key : nullptr};
    }
    pipeline_.frames({frames.data(), framed});
    ring_.release();
    did(count);
    total += count;
  }
  events_.fetch_add(total, std::memory_order_relaxed);
  return total >= turn_frames_max;
}

void Worker::take_policy() {
  std::optional<std::shared_ptr<const LivePolicy>> policy;
  {
    const std::lock_guard lock(mutex_);
    policy.swap(policy_);
    if (new_divert_) {
      divert_ = std::exchange(new_divert_, std::nullopt);
      epoll_event on = {.events = EPOLLIN, .data = {}};
      ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, divert_->fd(), &on);
    }
  }
  if (!policy) return;
  generation_ = *policy ? (*policy)->generation : 0;
  pipeline_.policy(std::move(*policy));
}

void Worker::take_held() {
  if (!divert_) return;
  waiting_.expire(realtime_ns(), [this](const HeldFrame& held) { dropped(held, &NicHeldDrops::refused); });
  for (size_t rounds = 0; rounds < held_rounds_max; rounds++) {
    const int64_t looked_ns = monotonic_ns();
    const size_t count = divert_->read(batch_frames, [this](const HeldFrame& held) {
      taken(held);
      rule_held(held);
    });
    if (count < batch_frames) {
      pipeline_.caught_up();
      release_unguarded();
      forgive();
      emptied_ns_.store(looked_ns, std::memory_order_release);
    }
    if (count != 0) awake_until_ns_ = monotonic_ns() + awake_ns;
    answer_all();
    beat();  // a guest's flood must not look like our death
    if (count < batch_frames) return;
  }
}

/** Where a NIC has left protect, what its frames wait for does not come by here any more: they go on. */
void Worker::release_unguarded() {
  waiting_.release_at([this](uint16_t slot) { return !pipeline_.guards(slot); },
                      [this](const HeldFrame& held) { carry_out(Ruling::pass, held); });
}

void Worker::taken(const HeldFrame& held) {
  const auto length = static_cast<uint32_t>(held.bytes.size());
  __atomic_fetch_sub(&on_way_[held.spender() % VMOAT_SLOTS], uint64_t{vmoat_held_cost(length)},
                     __ATOMIC_RELAXED);
}

/** Nothing waits: what is on its way still is what was lost there, or so little that it does not matter. */
void Worker::forgive() {
  const int64_t now_ns = monotonic_ns();
  if (now_ns < forgives_at_ns_) return;
  forgives_at_ns_ = now_ns + forgives_after_ns;
  for (uint64_t& bytes : on_way_)
    if (__atomic_load_n(&bytes, __ATOMIC_RELAXED) != 0) __atomic_store_n(&bytes, 0, __ATOMIC_RELAXED);
}

Frame Worker::frame_of(const HeldFrame& held) {
  return {.bytes = held.bytes,
          .time_ns = realtime_ns(),
          .length = static_cast<uint32_t>(held.bytes.size()),
          .segment = segments_.of(held.slot, vlan_of({}, held.bytes)),
          .slot = held.slot,
          .sender = held.sender,
          .number = held.number,
          .way = held.way,
          .is_checksum_left = held.offload.leaves_checksum()};
}

/** What comes before one that it hangs on waits, and goes on after it. */
void Worker::rule_held(const HeldFrame& held) {
  courtesy_.end();
  if (hides_something(held)) return dropped(held, &NicHeldDrops::refused);
  (void)read_ring();  // what was told before it was held: recognition may know its flow by now
  const HeldRuling is = pipeline_.rule(frame_of(held));
  if (is.ruling == Ruling::wait) {
    if (!waiting_.keep(is.ticket, held, realtime_ns())) dropped(held, &NicHeldDrops::refused);
    return;
  }
  carry_out(is.ruling, held);
  rule_waiting(is.ticket);
}

/** Those that waited for one may be what others wait for. */
void Worker::rule_waiting(Ticket now) {
  while (now.line != 0) {
    Ticket next;
    waiting_.release(now, [&](const HeldFrame& waited) {
      const HeldRuling is = pipeline_.rule(frame_of(waited), true);
      carry_out(is.ruling, waited);
      if (is.ruling != Ruling::wait && is.ticket.line != 0) next = is.ticket;
    });
    now = next;
  }
}

void Worker::carry_out(Ruling ruling, const HeldFrame& held) {
  const std::optional<vmoat_answer> after = std::exchange(after_, std::nullopt);
  switch (ruling) {
    case Ruling::pass:
      answer_all();  // before the frame meets the other end's guard, or is answered
      if (!send_on(held)) dropped(held, &NicHeldDrops::refused);
      if (after) pending_.push_back(*after);  // what comes behind it must not overtake it
      break;
    case Ruling::reset:
      if (may_reset(held.slot) && send_resets(held)) pipeline_.was_reset();
      [[fallthrough]];
    case Ruling::drop:
      return dropped(held, &NicHeldDrops::denied);
    case Ruling::spent:
      return dropped(held, &NicHeldDrops::opening);
    case Ruling::spoofed:
      return dropped(held, &NicHeldDrops::spoofed);
    case Ruling::refuse:
    case Ruling::wait:
      return dropped(held, &NicHeldDrops::refused);
  }
}

bool Worker::send_on(const HeldFrame& held) const {
  const NicPath& path = paths_[held.slot % VMOAT_SLOTS];
  if (held.way == VMOAT_FROM_NIC)
    return path.bridge != 0 && divert_->send(path.bridge, held.offload, held.bytes);
  return path.guest != 0 && divert_->deliver(path.guest, held.offload, held.bytes);
}

void Worker::dropped(const HeldFrame& held, HeldDropCounts NicHeldDrops::* why) {
  (drops_[held.slot % VMOAT_SLOTS].*why)[held.way & 1].fetch_add(1, std::memory_order_relaxed);
}

/** A NIC's resets in a second, and at once, are bounded: a token bucket as a virtual clock. */
bool Worker::may_reset(uint16_t slot) {
  const int64_t now = monotonic_ns();
  int64_t& until = resets_until_ns_[slot % VMOAT_SLOTS];
  until = std::max(until, now);
  if (until - now > reset_burst * reset_cost_ns) return false;
  until += reset_cost_ns;
  return true;
}

/** False where neither end got one. */
bool Worker::send_resets(const HeldFrame& held) {
  bool sent = false;
  Packet packet;
  decode({.bytes = held.bytes}, packet);
  const NicPath& path = paths_[held.slot % VMOAT_SLOTS];
  const bool by_guest = held.way == VMOAT_FROM_NIC;
  const uint32_t back = by_guest ? path.guest : path.bridge, on = by_guest ? path.bridge : path.guest;
  if (const auto reset = reset_to_sender(held.bytes, packet); reset && back != 0)
    sent |= divert_->send(back, {}, reset->bytes());
  if (const auto reset = reset_to_receiver(held.bytes, packet); reset && on != 0)
    sent |= divert_->send(on, {}, reset->bytes());
  return sent;
}

void Worker::take_inbox() {
  Inbox inbox;
  {
    const std::lock_guard lock(mutex_);
    if (!inbox_.full) return;
    std::swap(inbox, inbox_);
  }
  if (inbox.retell) pipeline_.retell();
  for (const CountedFlow& c : inbox.counted) {
    pipeline_.count(c.key, segments_.of(c.key.slot, c.key.tags[0]), c.flow, epoch_offset_ns_, inbox.how);
    did(1);
  }
  for (const vmoat_flow_key& key : inbox.collect) forget(key);
  for (const NicMeters& m : inbox.meters) pipeline_.meters(m, realtime_ns());
  answer_all();
  if (inbox.how != Counted::adopted || inbox.retell) pipeline_.report(realtime_ns());
  const uint64_t lost = divert_ ? divert_->take_lost() : 0;
  const std::lock_guard lock(mutex_);
  view_ = {pipeline_.counters(), pipeline_.sessions_open(), view_.held_lost + lost,
           inbox.retell.value_or(view_.retold)};
}

// Counting a last time may make the pipeline ask for more: until nothing is left.
void Worker::answer_all() {
  while (!pending_.empty()) {
    sending_.clear();
    std::swap(sending_, pending_);
    const size_t run_max = kernel_.answers(number_).size();
    for (size_t first = 0; first < sending_.size(); first += run_max)
      answer_run(first, std::min(run_max, sending_.size() - first));
  }
}

void Worker::answer_run(size_t first, size_t count) {
  const std::span<vmoat_answer> shared = kernel_.answers(number_);
  std::copy_n(sending_.begin() + static_cast<ptrdiff_t>(first), count, shared.begin());
  if (!kernel_.answer(number_, static_cast<uint32_t>(count))) return;
  did(count);
  for (size_t i = 0; i < count; i++) {
    const vmoat_answer& a = shared[i];
    if (a.ask == VMOAT_ASK_COLLECT)
      pipeline_.count(a.key, segments_.of(a.key.slot, a.key.tags[0]), a.flow, epoch_offset_ns_,
                      Counted::last);
  }
}

void Worker::did(size_t steps) {
  if (courtesy_.did(steps)) beat();
}

void Worker::beat() {
  __atomic_store_n(kernel_.heartbeat(number_), static_cast<uint64_t>(monotonic_ns()), __ATOMIC_RELAXED);
}

}  // namespace vmoat
