// Heads in the kernel: where a frame passes because all that has to be read of it was read and told, and
// where it is for the engine after all.
#include <doctest/doctest.h>

#include <random>

#include "capture/followed_fixture.h"

using namespace vmoat;
using namespace vmoat::test;

namespace {

/** A client that has said how long what it says next is. */
struct Client : Followed {
  Client(uint32_t bytes, vmoat_head_kind kind)
      : Followed({content_from + bytes, vmoat_content_ends(bytes, kind)}) {
    settle(bytes, kind);
  }
  /** The engine has read all, and `bytes` of content are to come. */
  void settle(uint32_t bytes, vmoat_head_kind kind) {
    follow(held, {next + bytes, vmoat_content_ends(bytes, kind)});
    (void)events();
  }
  bool passes(const std::string& text) {
    const bool passed = says(next, text) == TC_ACT_UNSPEC;
    next += static_cast<uint32_t>(text.size());
    return passed;
  }
  /** What the kernel has told of heads: all of it, each behind the one before. */
  std::string told() {
    std::string all;
    for (const SeenEvent& event : events()) {
      if (event.head.reason != 0) continue;
      REQUIRE(event.bytes.size() == sizeof(vmoat_heads));
      const auto& heads = *reinterpret_cast<const vmoat_heads*>(event.bytes.data());
      REQUIRE(heads.count <= VMOAT_HEADS_MAX);
      for (const vmoat_head& head : std::span(heads.head, heads.count)) {
        CHECK(static_cast<int32_t>(head.seq - told_until) >= 0);
        REQUIRE(head.size <= VMOAT_HEAD_BYTES);
        told_until = head.seq + head.size;
        all.append(reinterpret_cast<const char*>(head.bytes), head.size);
        CHECK(event.head.key.slot == slot);
      }
    }
    return all;
  }
  vmoat_content content() { return flows().at(0).flow.content; }

  uint32_t next = content_from, told_until = content_from;
};

std::string record_head(uint8_t type, uint8_t major, uint8_t minor, uint32_t length) {
  const uint8_t bytes[] = {type, major, minor, static_cast<uint8_t>(length >> 8),
                           static_cast<uint8_t>(length)};
  return {reinterpret_cast<const char*>(bytes), sizeof bytes};
}

std::string body(size_t bytes) {
  return std::string(bytes, '0');  // that looks like a size
}

std::string cut(std::string text) {
  text.pop_back();
  return text;
}

}  // namespace

TEST_CASE("kernel heads: what lies behind a head is content, and told is the head alone") {
  if (!has_root()) return;
  {
    Client chunks(10, VMOAT_CHUNK_HEAD);
    CHECK(chunks.passes(body(10) + "\r\n14\r\n" + body(20) + "\r\n00fF\r\n" + body(5)));
    CHECK(chunks.told() == "\r\n14\r\n\r\n00fF\r\n");
    CHECK(chunks.content().until == chunks.next + 250);
    CHECK(vmoat_content_bytes(chunks.content()) == 255);
    CHECK(chunks.passes(body(250)));
    CHECK(chunks.told().empty());
    CHECK(chunks.passes("\r\n1\r\nx"));
    CHECK(chunks.told() == "\r\n1\r\n");
  }
  Client records(3, VMOAT_RECORD_HEAD);
  const std::string alert = record_head(21, 3, 3, 2), data = record_head(23, 3, 3, 300);
  CHECK(records.passes(body(3) + alert + "xx" + data));
  CHECK(records.told() == alert + data);
  CHECK(records.passes(body(300) + record_head(24, 3, 0, 16384 + 2048)));
  CHECK(vmoat_content_head(records.content()) == VMOAT_RECORD_HEAD);
}

TEST_CASE(
    "kernel heads: however a stream is cut into frames, all of its heads are told and all of it passes") {
  if (!has_root()) return;
  std::mt19937 random(11);
  for (const vmoat_head_kind kind : {VMOAT_CHUNK_HEAD, VMOAT_RECORD_HEAD}) {
    Client client(0, kind);
    std::string stream, heads, told;
    for (int i = 0; i < 300; i++) {
      const uint32_t bytes = 1 + random() % 40;
      char size[16];
      std::snprintf(size, sizeof size, "\r\n%0*x\r\n", static_cast<int>(1 + random() % 7), bytes);
      const std::string head = kind == VMOAT_CHUNK_HEAD ? size : record_head(23, 3, 3, bytes);
      heads += head;
      stream += head + body(bytes);
    }
    for (size_t at = 0; at < stream.size();) {
      const size_t bytes = std::min(stream.size() - at, size_t{1} + random() % (at % 2 != 0 ? 5 : 150));
      REQUIRE(client.passes(stream.substr(at, bytes)));
      at += bytes;
      told += client.told();
    }
    CHECK(told == heads);
  }
}

TEST_CASE("kernel heads: what is no head that the kernel reads goes to the engine, wherever it is cut") {
  if (!has_root()) return;
  const std::string chunk_heads[] = {"\n1\r\n",         "\r1\r\n",       "\r\n\r\n",         "\r\n0\r\n",
                                     "\r\n0000000\r\n", "\r\n1;a=b\r\n", "\r\n1 \r\n",       "\r\n 1\r\n",
                                     "\r\n1\n",         "\r\n1\rx",      "\r\n12345678\r\n", "\r\ng\r\n",
                                     "\r\n-1\r\n",      "\r\n0x1\r\n",   "xx1\r\n"};
  const std::string record_heads[] = {record_head(19, 3, 3, 9), record_head(25, 3, 3, 9),
                                      record_head(23, 2, 3, 9), record_head(23, 3, 5, 9),
                                      record_head(23, 3, 3, 0), record_head(23, 3, 3, 16384 + 2049)};
  Client client(0, VMOAT_NO_HEAD);
  const auto refuses = [&](vmoat_head_kind kind, const std::string& head) {
    CAPTURE(head);
    for (size_t at = 0; at < head.size(); at++) {
      client.settle(0, kind);
      const bool is_first_good = at == 0 || client.passes(head.substr(0, at));
      const std::string told = client.told();
      CHECK(told == (is_first_good ? head.substr(0, at) : ""));
      CHECK_FALSE(client.passes(head.substr(at) + body(9)));
      CHECK(client.told().empty());
      CHECK_FALSE(client.passes("\r\n1\r\nx"));  // nothing is due until the engine says so
    }
  };
  for (const std::string& head : chunk_heads) refuses(VMOAT_CHUNK_HEAD, head);
  for (const std::string& head : record_heads) refuses(VMOAT_RECORD_HEAD, head);
  refuses(VMOAT_NO_HEAD, "\r\n1\r\n");
}

TEST_CASE("kernel heads: the next one is read once the engine has said again what is due") {
  if (!has_root()) return;
  Client client(0, VMOAT_CHUNK_HEAD);
  CHECK_FALSE(client.passes("\r\n5;ext\r\n" + body(5)));
  client.settle(0, VMOAT_CHUNK_HEAD);
  CHECK(client.passes("\r\n1"));
  CHECK_FALSE(client.passes(";"));
  client.settle(4, VMOAT_CHUNK_HEAD);  // what had come of the one before is forgotten
  CHECK(client.passes(body(4) + "\r\n2\r\n" + body(2)));
  CHECK(client.told() == "\r\n2\r\n");
}

TEST_CASE("kernel heads: what was said before, comes too early, or stands behind a held frame is not read") {
  if (!has_root()) return;
  Client client(0, VMOAT_CHUNK_HEAD);
  const std::string chunk = "\r\n8\r\n" + body(8);
  CHECK(client.passes(chunk));
  CHECK(client.says(client.next - 8, body(8)) == TC_ACT_UNSPEC);  // all of it content
  CHECK(client.says(client.next + 1, cut(chunk)) == TC_ACT_REDIRECT);
  CHECK_FALSE(client.passes(chunk));  // behind that one
  client.settle(0, VMOAT_CHUNK_HEAD);
  CHECK(client.passes(chunk));
  CHECK(client.says(client.next - 13, chunk) == TC_ACT_REDIRECT);  // its head is compared
  CHECK_FALSE(client.passes(chunk));
  Client odd(0, VMOAT_CHUNK_HEAD);
  for (const uint8_t flags : {0x38, 0x19, 0x08}) CHECK(odd.says(odd.next, chunk, flags) == TC_ACT_REDIRECT);
}

TEST_CASE("kernel heads: nothing is due while a frame that may be the next is on its way to the engine") {
  if (!has_root()) return;
  const std::string chunk = "\r\n8\r\n" + body(8);
  for (const int frames : {1, VMOAT_HELD_IN_ORDER, VMOAT_HELD_IN_ORDER + 1, 600}) {
    CAPTURE(frames);
    Client client(0, VMOAT_CHUNK_HEAD);
    const uint8_t before = client.held;
    for (int i = 0; i < frames; i++) REQUIRE(client.says(client.next, "\r\n0\r\n\r\n") == TC_ACT_REDIRECT);
    client.follow(before, {client.next, vmoat_content_ends(0, VMOAT_CHUNK_HEAD)});  // as if it had read none
    CHECK(client.says(client.next, chunk) == TC_ACT_REDIRECT);
    for (int i = 0; i < 2; i++) client.settle(0, VMOAT_CHUNK_HEAD);  // of so many the numbers say nothing
    CHECK(client.says(client.next, chunk) == TC_ACT_UNSPEC);
  }
}

TEST_CASE("kernel heads: a frame of more heads than are told at once, and one for which there is no room") {
  if (!has_root()) return;
  const std::string chunk = "\r\n1\r\nx";
  std::string most;
  for (int i = 0; i < VMOAT_HEADS_MAX; i++) most += chunk;
  Client client(0, VMOAT_CHUNK_HEAD);
  CHECK(client.passes(most));
  CHECK(client.told().size() == VMOAT_HEADS_MAX * size_t{5});
  CHECK_FALSE(client.passes(most + chunk));
  client.settle(0, VMOAT_CHUNK_HEAD);
  int passed = 0;
  while (passed < 5000 && client.passes(chunk)) passed++;
  const size_t bytes = sizeof(vmoat_event) + sizeof(vmoat_heads) + 8;
  CHECK(passed <= (1 << 19) / bytes + 1);  // half of the ring
  CHECK(passed > (1 << 19) / bytes / 2);
}
