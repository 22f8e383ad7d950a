#include "threats/content/reader.h"

#include <algorithm>
#include <new>

#include "base/clock.h"

namespace vmoat {

namespace {

uint32_t seconds(int64_t now_ns) {
  return static_cast<uint32_t>(now_ns / ns_per_s);
}

}  // namespace

ContentReader::Reading& ContentReader::at(const ContentHold& hold) const {
  return *reinterpret_cast<Reading*>(arena_.at(hold.piece));
}

const Splitter& ContentReader::splitter(const ContentHold& hold) const {
  return splitters()[hold.splitter];
}

bool ContentReader::begin(ContentHold& hold, int splitter) {
  hold = {};
  hold.piece = arena_.take(sizeof(Reading));
  if (hold.piece == 0) return refused_++, false;
  auto& reading = *new (arena_.at(hold.piece)) Reading;
  hold.splitter = static_cast<uint8_t>(splitter);
  const Splitter& s = splitters()[hold.splitter];
  reading.way[0].left = s.client_bytes_max;
  reading.way[1].left = s.server_bytes_max;
  hold.over = static_cast<uint8_t>((s.client_bytes_max == 0 ? 1 : 0) | (s.server_bytes_max == 0 ? 2 : 0));
  return true;
}

void ContentReader::give_back(Way& way) {
  if (way.window != 0) arena_.give_back(way.window);
  way.window = 0;
  way.window_bytes = 0;
}

void ContentReader::over(ContentHold& hold, Reading& reading, bool from_client) {
  give_back(reading.way[from_client ? 0 : 1]);
  hold.over = static_cast<uint8_t>(hold.over | (from_client ? 1 : 2));
  if (hold.over == 3) drop(hold);
}

void ContentReader::drop(ContentHold& hold) {
  if (hold.piece == 0) return;
  for (Way& way : at(hold).way) give_back(way);
  arena_.give_back(hold.piece);
  hold = {};
}

/** Appends to the window, whose room the caller has looked at. */
bool ContentReader::keep(Way& way, Bytes data) {
  const uint32_t needs = way.window_bytes + static_cast<uint32_t>(data.size());
  if (way.window == 0 || needs > Arena::room(way.window_bytes)) {
    const uint32_t grown = arena_.take(needs);
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
  Reading& reading = at(hold);
  Way& way = reading.way[content.from_client ? 0 : 1];
  const size_t wanted = std::min<size_t>(content.data.size(), way.left);
  const bool last = wanted == way.left;
  way.left -= static_cast<uint32_t>(wanted);
  content.data = content.data.first(wanted);
  content.cut |= last;
  feed(hold, reading, content, now_ns, sink);
  if (last && hold.reads(content.from_client)) over(hold, reading, content.from_client);
}

void ContentReader::end(ContentHold& hold, Content content, int64_t now_ns, ContentSink& sink) {
  if (!hold.reads(content.from_client)) return;
  Reading& reading = at(hold);
  content.data = {};
  content.cut = true;
  if (reading.way[content.from_client ? 0 : 1].window_bytes > 0) feed(hold, reading, content, now_ns, sink);
  if (hold.reads(content.from_client)) over(hold, reading, content.from_client);
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
      if (!keep(way, data)) return refused_++, over(hold, reading, content.from_client);
      return;
    }
    const size_t room = std::min(content_window_bytes - way.window_bytes, data.size());
    if (room > 0 && !keep(way, data.first(room))) return refused_++, over(hold, reading, content.from_client);
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
