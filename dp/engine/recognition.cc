// Recognition: the order of asking, what a claim does to a session, and when to stop.
#include "engine/recognition.h"

#include <algorithm>
#include <bit>

#include "apps/proxy_preface.h"

namespace vmoat {

namespace {

static_assert(opening_bytes_max == Streams::window_bytes_max);
constexpr uint32_t asks_max_stream = 64;  // of one session: a stream of single bytes must not cost more
constexpr uint32_t asks_max_datagrams = 16;

Transport transport_of(uint8_t proto) {
  switch (proto) {
    case IPPROTO_TCP:
      return over_tcp;
    case IPPROTO_UDP:
      return over_udp;
    case IPPROTO_ICMP:
    case IPPROTO_ICMPV6:
      return over_icmp;
    case IPPROTO_SCTP:
      return over_sctp;
    default:
      return Transport{};
  }
}

uint64_t bit_of(int number) {
  return uint64_t{1} << number;
}

}  // namespace

Recognition::Recognition(const RecognitionOptions& options)
    : all_(applications()),
      of_operator_(options.of_operator),
      fallback_(options.fallback != nullptr
                    ? std::make_unique<Fallback>(options.fallback, options.fallback_slots)
                    : nullptr),
      keep_facts_(options.keep_facts),
      streams_(options.openings_bytes_max, options.slots),
      facts_(options.facts_bytes_max, options.slots),
      contents_(options.contents_bytes_max, options.slots),
      notes_(*this),
      guess_notes_(*this) {
  ndpi_ = number_of("ndpi");
  for (size_t n = 0; n < all_.size(); n++) {
    if (all_[n].recognise == nullptr) continue;
    const uint64_t bit = bit_of(static_cast<int>(n));
    for (size_t t = 0; t < by_transport_.size(); t++)
      if ((all_[n].transports & t) != 0) by_transport_[t] |= bit;
    for (uint16_t port : all_[n].ports) {
      if ((all_[n].transports & over_udp) != 0) udp_ports_.set(port);
      uint16_t& place = hint_of_[port];
      if (place == 0) place = static_cast<uint16_t>(hints_.size()), hints_.push_back(0);
      hints_[place] |= bit;
    }
  }
}

void Recognition::begin(Session& s) const {
  s.candidates = by_transport_[transport_of(s.key.proto())];
  if (s.candidates == 0) s.set(is_decided);
}

std::string_view Recognition::name_of(uint16_t application) const {
  size_t index = application - 1u;
  if (index < all_.size()) return all_[index].name;
  index -= all_.size();
  const size_t of_operator = of_operator_ != nullptr ? of_operator_->size() : 0;
  return index < of_operator ? of_operator_->name(index) : fallback_->library().names()[index - of_operator];
}

uint8_t Recognition::number_of(std::string_view application) const {
  const auto found =
      std::find_if(all_.begin(), all_.end(), [&](const Application& a) { return a.name == application; });
  return found == all_.end() ? 0 : static_cast<uint8_t>(found - all_.begin() + 1);
}

/** What only its parent can name is named at once; else its own recogniser still looks at what comes. */
void Recognition::announced(Session& s, uint8_t application, bool sure) {
  s.application = s.layers[0] = application;
  const bool has_recogniser = all_[application - 1u].recognise != nullptr;
  if (has_recogniser) s.expected = application;
  if (has_recogniser || !sure) return s.set(is_guess);
  s.candidates = 0;
  s.set(is_sure);
  decide(s);
}

uint64_t Recognition::hints(const Session& s) const {
  return hints_[hint_of_[s.key.low_port]] | hints_[hint_of_[s.key.high_port]];
}

Opening Recognition::opening(const Session& s, int sender, Bytes said, Bytes heard, bool cut) {
  const bool by_client = sender == s.client(), low_is_client = s.client() == 0;
  return {.client = by_client ? said : heard,
          .server = by_client ? heard : said,
          .client_port = low_is_client ? s.key.low_port : s.key.high_port,
          .server_port = low_is_client ? s.key.high_port : s.key.low_port,
          .transport = transport_of(s.key.proto()),
          .direction_seen = s.key.proto() == IPPROTO_TCP && s.has(direction_was_seen),
          .midstream = s.has(was_picked_up),
          .cut = cut};
}

Claim Recognition::ask_one(int number, const Opening& o) {
  notes_.clear();
  return all_[static_cast<size_t>(number)].recognise(o, notes_);
}

void Recognition::show_kept(const Session& s, Opening& o) const {
  o.client_kept = streams_.opening(s, s.client());
  o.server_kept = streams_.opening(s, 1 - s.client());
}

void Recognition::remember(Session& s, int sender) {
  if (!notes_.has_kept) return;
  if (!streams_.replace(s, sender, {notes_.kept.data(), notes_.kept_bytes})) refusals_.openings++;
}

/** From now on what is kept of a side is its recogniser's affair; a control flow's is read from its start.
 * `client`: the end that the opening calls so; what it says may have turned the flow. */
void Recognition::begin_following(Session& s, int client, const Opening& o) {
  const bool from_start = all_[s.application - 1u].appetite == Appetite::control;
  const Bytes said[2] = {o.client, o.server};
  size_t size[2] = {0, 0};
  for (size_t side = 0; from_start && side < 2; side++) {
    size[side] = std::min(said[side].size(), openings_[side].size());
    std::copy_n(said[side].begin(), size[side], openings_[side].begin());
  }
  streams_.drop_openings(s);
  for (size_t side = 0; side < 2; side++)
    if (size[side] != 0 && s.has(is_followed))
      message(s, side == 0 ? client : 1 - client, {openings_[side].data(), size[side]}, o.cut);
}

/** What a load balancer says before the client's stream is no application's. False while that is all there is
 * and more may come. */
bool Recognition::pass_preface(Session& s, Opening& o) {
  if (o.transport != over_tcp || o.midstream) return true;
  const ProxyPreface preface = read_proxy_preface(o.client);
  if (preface.claim == Claim::more) return o.cut || !o.server.empty();
  o.client = o.client.subspan(preface.bytes);
  if (!preface.client().empty()) {
    notes_.clear();
    notes_.fact(Fact::proxy_client, preface.client());
    facts_.merge(s, notes_.facts, refusals_.facts);
  }
  return !o.client.empty() || !o.server.empty();
}

void Recognition::ask(Session& s, int sender, const Opening& all) {
  s.progress++;
  const int client = s.client();
  Opening o = all;
  if (!pass_preface(s, o)) return;
  if (s.has(is_sure)) {
    Opening again = o;
    again.client_told = sender != s.client();
    ask_claimer(s, again);
  } else if (!ask_expected(s, o)) {
    ask_all(s, o);
  }
  if (s.has(is_followed)) return begin_following(s, client, o);
  if (s.has(is_sure) && !s.has(is_decided) && o.transport != over_tcp) remember(s, sender);
}

/** True when what was announced is what came; asked first, and as long as it may still come. */
bool Recognition::ask_expected(Session& s, const Opening& o) {
  if (s.expected == 0) return false;
  const int number = s.expected - 1;
  Opening announced = o;
  announced.expected = true;
  const Claim c = ask_one(number, announced);
  if (c == Claim::sure) claim(s, number, c, notes_, o);
  if (c != Claim::more) s.expected = 0;
  return c == Claim::sure;
}

/** A claimer that is sure but still expects facts. */
void Recognition::ask_claimer(Session& s, const Opening& o) {
  const Claim again = ask_one(s.application - 1, o);
  if (again >= Claim::guess) write_down(s, notes_);
  const bool goes_on = again != Claim::no && notes_.wants_more && !o.cut;
  if (!goes_on) decide(s);
}

void Recognition::ask_all(Session& s, const Opening& o) {
  const uint64_t first = s.candidates & hints(s);
  bool more = false;
  int guess = -1;
  for (uint64_t pass : {first, s.candidates & ~first}) {
    for (; pass != 0; pass &= pass - 1) {
      const int number = std::countr_zero(pass);
      const Claim c = ask_one(number, o);
      if (c == Claim::sure) return claim(s, number, c, notes_, o);
      if (c == Claim::no) s.candidates &= ~bit_of(number);
      if (c == Claim::more) more = true;
      if (c != Claim::guess || guess >= 0) continue;
      guess = number;
      guess_notes_.clear();
      guess_notes_.facts = notes_.facts;
      guess_notes_.layers = notes_.layers;
      guess_notes_.layer_count = notes_.layer_count;
      guess_notes_.swapped = notes_.swapped;
    }
  }
  if (of_operator_ != nullptr) {
    const Claim c = ask_operator(s, o);
    if (c == Claim::sure) return;
    more = more || c == Claim::more;
  }
  if (guess >= 0) claim(s, guess, Claim::guess, guess_notes_, o);
  if (o.cut || (!more && guess < 0 && s.expected == 0)) decide(s, &o);
}

/** The operator's own applications come last; a claim of theirs has neither facts nor layers. */
Claim Recognition::ask_operator(Session& s, const Opening& o) {
  const OperatorApplications::Match match = of_operator_->recognise(o);
  if (match.claim != Claim::sure) return match.claim;
  notes_.clear();
  notes_.swapped = match.swapped;
  claim(s, static_cast<int>(all_.size()) + match.number, Claim::sure, notes_, o);
  return Claim::sure;
}

/** A guess stands until somebody is sure or nobody will say more. */
void Recognition::claim(Session& s, int number, Claim c, const Notes& notes, const Opening& o) {
  s.application = static_cast<uint16_t>(number + 1);
  s.set(c == Claim::sure ? is_sure : is_guess);
  if (c == Claim::sure) s.clear(is_guess);
  const bool turn = notes.swapped && (s.key.proto() != IPPROTO_TCP || !s.has(direction_was_seen));
  if (turn) s.set_client(1 - s.client());
  if (turn && c == Claim::sure) s.set(direction_was_seen);  // the parser's word, better than any port
  write_down(s, notes);
  if (c != Claim::sure) return;
  Opening said = o;
  if (turn) std::swap(said.client, said.server);
  contents_.begin(s, said);
  if (!notes.wants_more) decide(s);
}

void Recognition::write_down(Session& s, const Notes& notes) {
  s.layers[0] = s.application;
  if (notes.layer_count > 0 || s.layers[1] == 0) {
    s.layers[1] = notes.layer_count > 0 ? notes.layers[0] : 0;
    s.layers[2] = notes.layer_count > 1 ? notes.layers[1] : 0;
  }
  facts_.merge(s, notes.facts, refusals_.facts);
  leases_.insert(leases_.end(), notes.leases.begin(), notes.leases.begin() + notes.lease_count);
  announcements_.insert(announcements_.end(), notes.announcements.begin(),
                        notes.announcements.begin() + notes.announcement_count);
}

/** With the openings, a guess that stands is read, too. An announced flow announces none itself: it is not
 * followed. */
void Recognition::decide(Session& s, const Opening* o) {
  s.set(is_decided);
  s.progress = 0;
  if (!s.has(is_sure)) s.candidates = 0;
  if (s.has(is_guess) && o != nullptr) contents_.begin(s, *o);
  if (s.application == 0 && o != nullptr && begin_showing(s, *o)) return streams_.drop_openings(s);
  const bool of_registry = s.application <= all_.size();
  const bool follow = s.has(is_sure) && of_registry &&
                      all_[s.application - 1u].appetite != Appetite::opening && s.expected == 0 &&
                      !notes_.has_enough;
  if (follow) {
    s.set(is_followed);
  } else if (Contents::reads(s)) {
    streams_.drop_openings(s);
  } else {
    streams_.drop(s);
  }
}

/** Nobody knows the session: the fallback sees what it has said and will say, as long as it has a slot. */
bool Recognition::begin_showing(Session& s, const Opening& o) {
  const bool fits = o.transport == over_tcp || o.transport == over_udp;
  if (fallback_ == nullptr || !fits) return false;
  const uint32_t slot = fallback_->begin(s);
  if (slot == 0) return refusals_.fallback++, false;
  s.set(is_shown);
  s.progress = slot;
  const int client = s.client();
  show(s, client, o.client);
  show(s, 1 - client, o.server);
  return s.has(is_shown);
}

/** Its word is a guess, named as its own. */
void Recognition::show(Session& s, int sender, Bytes data) {
  if (!s.has(is_shown) || data.empty()) return;
  const uint16_t found = fallback_->show(s.progress, s, sender, data);
  if (found == 0 && !fallback_->is_over(s.progress)) return;
  end_showing(s);
  if (found == 0) return;
  const size_t of_operator = of_operator_ != nullptr ? of_operator_->size() : 0;
  s.application = s.layers[0] = ndpi_;
  s.layers[1] = static_cast<uint16_t>(all_.size() + of_operator + found);
  s.set(is_guess);
}

void Recognition::end_showing(Session& s) {
  fallback_->end(s.progress);
  s.clear(is_shown);
  s.progress = 0;
}

/** The last chance: what is there is all there is. */
void Recognition::give_up(Session& s) {
  if (s.has(is_shown)) {
    end_showing(s);
    return Contents::reads(s) ? streams_.drop_openings(s) : streams_.drop(s);
  }
  if (s.has(is_followed)) {
    s.clear(is_followed);
    return Contents::reads(s) ? streams_.drop_openings(s) : streams_.drop(s);
  }
  if (s.has(is_decided)) return;
  const bool said_something = (s.opening[0] | s.opening[1]) != 0;
  if (said_something && !s.has(is_sure))
    ask(s, 0, opening(s, 0, streams_.opening(s, 0), streams_.opening(s, 1), true));
  if (!s.has(is_decided)) decide(s);
  if (s.has(is_followed)) give_up(s);
}

void Recognition::datagram(Session& s, int sender, Bytes payload, bool cut) {
  if (payload.empty()) return;
  if (s.has(is_followed)) {
    message(s, sender, payload, cut);
    return contents_.datagram(s, sender, payload, cut);
  }
  if (s.has(is_shown)) {
    show(s, sender, payload);
    return contents_.datagram(s, sender, payload, cut);
  }
  if (s.has(is_decided)) return;
  const bool last = s.progress + 1 >= asks_max_datagrams;
  Opening o = opening(s, sender, payload.first(std::min(payload.size(), opening_bytes_max)), {}, cut);
  show_kept(s, o);
  ask(s, sender, o);
  contents_.datagram(s, sender, payload, cut);
  if (last && !s.has(is_decided)) decide(s);
}

void Recognition::message(Session& s, int sender, Bytes data, bool cut) {
  notes_.clear();
  const Application& a = all_[s.application - 1u];
  Opening o = opening(s, sender, data, {}, cut);
  show_kept(s, o);
  if (keep_facts_ && name_watch_ != nullptr) notes_.speaks = &s;
  if (a.message != nullptr) a.message(o, notes_);
  notes_.speaks = nullptr;
  write_down(s, notes_);
  remember(s, sender);
  s.progress += static_cast<uint32_t>(data.size());
  if (notes_.has_enough || s.progress >= follow_bytes(s)) give_up(s);
}

uint32_t Recognition::follow_bytes(const Session& s) const {
  return all_[s.application - 1u].appetite == Appetite::control ? control_bytes_max : follow_bytes_max;
}

/** The sender's opening grows by `data`; nothing is copied where the first piece decides. Returns how much of
 * `data` the recognisers were shown. */
size_t Recognition::grow(Session& s, int sender, Bytes data) {
  const bool kept = s.opening[sender] != 0;
  const uint32_t had = s.opening_bytes[sender];
  if (had == opening_bytes_max) {
    if (!s.has(is_sure)) give_up(s);  // a sure claimer waits for the other side
    return 0;
  }
  if (kept && !streams_.keep(s, sender, data)) return refusals_.openings++, give_up(s), 0;
  const Bytes said =
      kept ? streams_.opening(s, sender) : data.first(std::min(data.size(), opening_bytes_max));
  const size_t shown = said.size() - had;
  const bool last = s.progress + 1 >= asks_max_stream || s.tcp[sender].gap;
  ask(s, sender, opening(s, sender, said, streams_.opening(s, 1 - sender), last));
  if (s.has(is_decided)) return shown;
  if (!kept && !streams_.keep(s, sender, data)) return refusals_.openings++, give_up(s), shown;
  if (last) give_up(s);
  return shown;
}

/** Threats read on where the recognisers' openings ended. */
void Recognition::in_order(Session& s, int sender, Bytes data) {
  const bool was_read = Contents::reads(s);
  size_t shown = 0;
  if (s.has(is_followed)) {
    message(s, sender, data, s.tcp[sender].gap);
  } else if (s.has(is_shown)) {
    show(s, sender, data);
  } else if (!s.has(is_decided)) {
    shown = grow(s, sender, data);
    if (shown != 0 && shown_watch_ != nullptr) shown_watch_->shown(s, sender, data.first(shown));
  }
  contents_.stream(s, sender, was_read ? data : data.subspan(shown));
}

void Recognition::segment(Session& s, int sender, Packet& p, const Segment& segment) {
  if (segment.kind == Segment::in_order && !segment.data.empty()) {
    in_order(s, sender, segment.data);
    for (Bytes due = streams_.take_early(s, sender); !due.empty(); due = streams_.take_early(s, sender))
      in_order(s, sender, due);
  } else if (segment.kind == Segment::early) {
    if (!streams_.keep_early(s, sender, segment.seq, segment.data, p.payload_length))
      s.tcp[sender].gap = true;
  } else if (segment.kind == Segment::repeated && !s.has(is_followed)) {
    if (streams_.differs(s, sender, segment.seq, segment.data)) p.odd(Anomaly::tcp_overlap_differs);
  }
  if (!s.tcp[0].gap && !s.tcp[1].gap) return;
  if (recognises(s)) give_up(s);
  contents_.gap(s);
}

void Recognition::finish(Session& s) {
  if (recognises(s)) give_up(s);
  if (s.has(is_shown)) give_up(s);
  contents_.finish(s);
}

void Recognition::lose(Session& s) {
  finish(s);
  s.application = 0;
  std::fill_n(s.layers, 3, uint16_t{0});
  s.clear(is_sure);
  s.clear(is_guess);
}

void Recognition::drop(Session& s) {
  if (s.has(is_shown)) end_showing(s);
  streams_.drop(s);
  facts_.drop(s);
  contents_.drop(s);
}

}  // namespace vmoat
