#include "session/stream_log.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "parse/test_bytes.h"

namespace vmoat::test {
namespace {

using Match = StreamLog::Match;

struct Logged {
  StreamLog logs;
  StreamLog::Log log;

  explicit Logged(uint32_t seq, size_t bytes_max = 1 << 20) : logs(bytes_max), log(StreamLog::begin(seq)) {}
  void says(uint32_t seq, const std::string& said) { logs.keep(log, seq, text(said)); }
  Match again(uint32_t seq, const std::string& said) const { return logs.compare(log, seq, text(said)); }
};

}  // namespace

TEST_CASE("what is said again is compared byte by byte with what was kept, however it is cut") {
  for (const uint32_t begin : {100u, 0xffffff00u}) {
    Logged l(begin);
    l.says(begin, "GET / HTTP/1.1\r\n");
    l.says(begin + 1000, "0123456789");
    CHECK(l.log.until == begin + 1010);
    CHECK(l.again(begin, "GET / HTTP/1.1\r\n") == Match::same);
    CHECK(l.again(begin + 4, "/ H") == Match::same);
    CHECK(l.again(begin + 4, "/ h") == Match::other);
    CHECK(l.again(begin, "GET / HTTP/1.1\r\n" + std::string(984, '?') + "0123456789 and on") == Match::same);
    CHECK(l.again(begin, "GET / HTTP/1.1\r\n" + std::string(984, '?') + "012345678x") == Match::other);
    CHECK(l.again(begin + 16, std::string(984, '?')) == Match::same);
    CHECK(l.again(begin + 1009, "9 and on") == Match::same);
    CHECK(l.again(begin - 1, "xGET") == Match::unknown);
    CHECK(l.again(begin - 1, "xPUT") == Match::other);
  }
}

TEST_CASE("a log has its bounds: the oldest is forgotten, and known to be") {
  Logged l(0);
  const std::string line(1000, 'x');
  constexpr uint32_t lines = 200;
  for (uint32_t i = 0; i < lines; i++) l.says(i * 1000, line);
  CHECK(l.log.pieces <= StreamLog::pieces_max);
  CHECK(l.log.from > 0);
  CHECK(l.again(0, line) == Match::unknown);
  CHECK(l.again(l.log.from, "x") == Match::same);
  CHECK(l.again((lines - 1) * 1000, line) == Match::same);
  CHECK(l.again((lines - 1) * 1000 + 999, "y") == Match::other);
  l.says(lines * 1000, std::string(200'000, 'z'));  // more than all of a log
  CHECK(l.again(lines * 1000 + 199'999, "z") == Match::same);
  CHECK(l.again(lines * 1000, "z") == Match::unknown);
}

TEST_CASE("a log of many small pieces of a stream knows a window of it") {
  Logged l(0);
  constexpr uint32_t chunk = 8192, chunks = 2000;  // 16 MiB, of which ten bytes in each chunk are kept
  for (uint32_t i = 0; i < chunks; i++) l.says(i * chunk, "\r\n2000\r\n\r\n");
  CHECK(l.log.from == 0);
  CHECK(l.again(0, "\r\n2000\r\n\r\n") == Match::same);
  CHECK(l.again(700 * chunk, "\r\n3000\r\n\r\n") == Match::other);
}

TEST_CASE("where there is no room nothing is known, and what is dropped makes room") {
  Logged l(0, 65536);
  StreamLog::Log other = StreamLog::begin(7);
  for (uint32_t i = 0; i < 20; i++) l.logs.keep(other, 7 + i * 4000, text(std::string(4000, 'o')));
  l.says(0, "GET");
  CHECK(l.log.until == 3);
  CHECK(l.again(0, "GET") == Match::unknown);
  l.logs.drop(other);
  CHECK(l.logs.compare(other, other.from, text("anything")) == Match::same);
  l.says(3, " / HTTP/1.1\r\n");
  CHECK(l.again(3, " / HTTP/1.1\r\n") == Match::same);
  CHECK(l.again(0, "GET /") == Match::unknown);
}

TEST_CASE("who fills a share has no more room, and others have theirs") {
  StreamLog logs(1 << 20, 2);
  std::vector<StreamLog::Log> greedy(20, StreamLog::begin(0, 0));
  for (StreamLog::Log& log : greedy) logs.keep(log, 0, text(std::string(60'000, 'g')));
  CHECK(logs.compare(greedy.front(), 0, text("x")) == Match::other);
  CHECK(logs.compare(greedy.back(), 0, text("g")) == Match::unknown);
  StreamLog::Log modest = StreamLog::begin(0, 1);
  logs.keep(modest, 0, text("GET"));
  CHECK(logs.compare(modest, 0, text("PUT")) == Match::other);
  for (StreamLog::Log& log : greedy) logs.drop(log);
  logs.keep(greedy.back(), 60'000, text("more"));
  CHECK(logs.compare(greedy.back(), 60'000, text("mere")) == Match::other);
}

TEST_CASE("what lies far back is forgotten before its numbers come again") {
  Logged l(0);
  l.says(0, "GET");
  for (uint32_t seq = 0; seq < 0xf000'0000u; seq += 1u << 28) l.logs.advance(l.log, seq);
  CHECK(l.log.pieces == 0);
  CHECK(l.again(0, "anything") == Match::same);  // has not been said yet
  l.says(0xf000'0000u, "PUT");
  CHECK(l.again(0xf000'0000u, "GET") == Match::other);
}

}  // namespace vmoat::test
