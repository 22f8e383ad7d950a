#include "threats/content/reader.h"

#include <algorithm>

#include "base/clock.h"

namespace vmoat {

namespace {

uint32_t seconds(int64_t now_ns) {
  return static_cast<uint32_t>(now_ns / ns_per_s);
}

}  // namespace

const Splitter& ContentReader::splitter(const ContentHold& hold) {
  return splitters()[hold.splitter];
}

void ContentReader::begin(ContentHold& hold, int splitter) {
  const Splitter& s = splitters()[static_cast<size_t>(splitter)];
  hold = {.is_read = 1,
          .is_parked = 1,
          .over = (s.client_bytes_max == 0 ? 1u : 0u) | (s.server_bytes_max == 0 ? 2u : 0u),
          .splitter = static_cast<uint64_t>(splitter),
          .first = s.client_bytes_max,
          .second = s.server_bytes_max};
}

ContentReader::Reading ContentReader::load(const ContentHold& hold) const {
  Reading reading;
  if (const uint32_t piece = piece_of(hold); piece != 0) {
    std::memcpy(&reading, arena_.at(piece), sizeof reading);
  } else {
    reading.way[0].left = static_cast<uint32_t>(hold.first);
    reading.way[1].left = static_cast<uint32_t>(hold.second);
  }
  return reading;
}

/** Whether nothing waits: no bytes, none to pass over, nothing that the splitter remembers. */
bool ContentReader::stands_between(const ContentHold& hold, const Reading& reading) {
  for (size_t way = 0; way < 2; way++) {
    const bool passes = reading.way[way].skip != 0 && hold.reads(way == 0);
    if (passes || reading.way[way].window_bytes != 0) return false;
  }
  return reading.state.is_zero();
}

/** Puts back what `load` gave: memory is taken where something waits, given back where nothing does. */
void ContentReader::save(ContentHold& hold, Reading& reading, uint16_t owner) {
  uint32_t piece = piece_of(hold);
  const bool ended = hold.over == 3;
  if (ended || stands_between(hold, reading)) {
    if (piece != 0) arena_.give_back(piece);
    hold.is_parked = 1;
    hold.first = reading.way[0].left;
    hold.second = reading.way[1].left;
    if (ended) hold = {};
    return;
  }
  if (piece == 0) piece = arena_.take(sizeof reading, owner);
  if (piece == 0) return refuse(hold, reading);
  std::memcpy(arena_.at(piece), &reading, sizeof reading);
  hold.is_parked = 0;
  hold.first = piece;
}

/** There is no memory for what would have to wait. */
void ContentReader::refuse(ContentHold& hold, Reading& reading) {
  refused_++;
  for (Way& way : reading.way) give_back(way);
  hold = {};
}

void ContentReader::give_back(Way& way) {
  if (way.window != 0) arena_.give_back(way.window);
  way.window = 0;
  way.window_bytes = 0;
}

void ContentReader::over(ContentHold& hold, Reading& reading, bool from_client) {
  give_back(reading.way[from_client ? 0 : 1]);
  hold.over |= from_client ? 1 : 2;
}

void ContentReader::drop(ContentHold& hold) {
  if (const uint32_t piece = piece_of(hold); piece != 0) {
    for (Way& way : load(hold).way) give_back(way);
    arena_.give_back(piece);
  }
  hold = {};
}

/** Appends to the window, whose room the caller has looked at. */
bool ContentReader::keep(Way& way, Bytes data, uint16_t owner) {
  const uint32_t needs = way.window_bytes + static_cast<uint32_t>(data.size());
  if (way.window == 0 || needs > Arena::room(way.window_bytes)) {
    const uint32_t grown = arena_.take(needs, owner);
    if (grown == 0) return false;
    if (way.window != 0) {
      std::memcpy(arena_.at(grown), arena_.at(way.window), way.window_bytes);
      arena_.give_back(way.window);
    }
    way.window = grown;
  }
  std::memcpy(arena_.at(way.window) + way.window_bytes, data.data(), data.size());
  way.window_bytes = static_cast<uint16_t>(needs);
  return true;
}

/** Takes bytes off the window's front. */
void ContentReader::shift(Way& way, size_t taken) {
  if (taken == 0) return;
  const size_t here = std::min<size_t>(taken, way.window_bytes);
  way.skip = static_cast<uint32_t>(std::min<size_t>(taken - here, UINT32_MAX));
  if (here == way.window_bytes) return give_back(way);
  std::memmove(arena_.at(way.window), arena_.at(way.window) + here, way.window_bytes - here);
  way.window_bytes = static_cast<uint16_t>(way.window_bytes - here);
}

void ContentReader::take(ContentHold& hold, Content content, int64_t now_ns, ContentSink& sink) {
  if (!hold.reads(content.from_client)) return;
  Reading reading = load(hold);
  Way& way = reading.way[content.from_client ? 0 : 1];
  const size_t wanted = std::min<size_t>(content.data.size(), way.left);
  const bool last = wanted == way.left;
  way.left -= static_cast<uint32_t>(wanted);
  content.data = content.data.first(wanted);
  content.cut |= last;
  feed(hold, reading, content, now_ns, sink);
  if (last) over(hold, reading, content.from_client);
  save(hold, reading, content.owner);
}

void ContentReader::end(ContentHold& hold, Content content, int64_t now_ns, ContentSink& sink) {
  if (!hold.reads(content.from_client)) return;
  Reading reading = load(hold);
  content.data = {};
  content.cut = true;
  if (reading.way[content.from_client ? 0 : 1].window_bytes > 0) feed(hold, reading, content, now_ns, sink);
  over(hold, reading, content.from_client);
  save(hold, reading, content.owner);
}

/** Hands window and data to the splitter until it has taken what it can; the rest waits in the window. */
void ContentReader::feed(ContentHold& hold, Reading& reading, Content& content, int64_t now_ns,
                         ContentSink& sink) {
  Way& way = reading.way[content.from_client ? 0 : 1];
  const Splitter& by = splitters()[hold.splitter];
  const bool cut = content.cut;
  Bytes data = content.data;
  for (bool first = true; first || !data.empty(); first = false) {
    const size_t passed = std::min<size_t>(way.skip, data.size());
    way.skip -= static_cast<uint32_t>(passed);
    data = data.subspan(passed);
    if (data.empty() && way.window_bytes == 0) return;
    if (way.window_bytes == 0) {
      content.data = data;
      content.cut = cut;
      content.waited_s = 0;
      const size_t taken = by.split(content, reading.state, sink);
      if (taken == content_done) return over(hold, reading, content.from_client);
      const size_t here = std::min(taken, data.size());
      way.skip = static_cast<uint32_t>(std::min<size_t>(taken - here, UINT32_MAX));
      data = data.subspan(here);
      if (data.empty()) return;
      if (data.size() >= content_window_bytes) return over(hold, reading, content.from_client);
      way.since_s = seconds(now_ns);
      if (!keep(way, data, content.owner)) return refused_++, over(hold, reading, content.from_client);
      return;
    }
    const size_t room = std::min(content_window_bytes - way.window_bytes, data.size());
    if (room > 0 && !keep(way, data.first(room), content.owner))
      return refused_++, over(hold, reading, content.from_client);
    data = data.subspan(room);
    content.data = {arena_.at(way.window), way.window_bytes};
    content.cut = cut && data.empty();
    content.waited_s = seconds(now_ns) - std::min(seconds(now_ns), way.since_s);
    const size_t taken = by.split(content, reading.state, sink);
    if (taken == content_done || (taken == 0 && way.window_bytes == content_window_bytes))
      return over(hold, reading, content.from_client);
    shift(way, taken);
  }
}

}  // namespace vmoat
