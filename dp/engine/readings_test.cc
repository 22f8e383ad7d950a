// Flows that are read to their end: what is known of them, and that memory for it is shared out by NIC.
#include "engine/readings.h"

#include <doctest/doctest.h>

#include <string>

namespace vmoat {
namespace {

Bytes bytes_of(const std::string& text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

}  // namespace

TEST_CASE("readings: as long as content is passed over, what is on its way and what came before are known") {
  using Read = Readings::Read;
  constexpr uint32_t first = 0xfffffff0;
  const std::string head = "PUT /file HTTP/1.1\r\nHost: b\r\nContent-Length: 1000000000000000\r\n\r\n";
  std::string another = head;
  another[5] = 'F';
  Readings readings(1 << 20);
  const uint32_t reading = readings.begin(first, 3);
  REQUIRE(reading != 0);
  REQUIRE(readings.read(reading, first, bytes_of(head)) == Read::yes);
  const vmoat_content content = readings.content(reading);
  const uint32_t from = first + static_cast<uint32_t>(head.size());
  CHECK(content.until == from + VMOAT_CONTENT_MAX);
  CHECK(content.ends == VMOAT_CONTENT_MAX);
  CHECK(readings.read(reading, from, bytes_of("any content")) == Read::yes);
  CHECK(readings.read(reading, content.until - 4, bytes_of("last")) == Read::yes);
  CHECK(readings.read(reading, first, bytes_of(head)) == Read::yes);
  CHECK(readings.read(reading, first, bytes_of(another)) == Read::other);
}

TEST_CASE("readings: the kernel is told what comes behind a content, where it can read that") {
  const std::string records("\x16\x03\x01\x00\x02hi\x17\x03\x03\x40\x00", 12);
  const std::string chunked = "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2f\r\n";
  struct Told {
    std::string said;
    uint32_t bytes;
    vmoat_head_kind head;
  };
  const Told all[] = {{records, 0x4000, VMOAT_RECORD_HEAD},
                      {records.substr(0, 7), 0, VMOAT_RECORD_HEAD},
                      {records.substr(0, 8), 0, VMOAT_NO_HEAD},  // it has begun
                      {chunked, 0x2f, VMOAT_CHUNK_HEAD},
                      {chunked + std::string(0x2f, 'x'), 0, VMOAT_CHUNK_HEAD},
                      {chunked + std::string(0x2f, 'x') + "\r\n", 0, VMOAT_NO_HEAD},
                      {chunked + std::string(0x2f, 'x') + "\r\n0\r\n\r\n", 0, VMOAT_NO_HEAD},
                      {"PUT / HTTP/1.1\r\nContent-Length: 5\r\n\r\n", 0, VMOAT_NO_HEAD},
                      {"neither", 0, VMOAT_NO_HEAD}};
  Readings readings(1 << 20);
  for (const Told& told : all) {
    CAPTURE(told.said);
    const uint32_t reading = readings.begin(1, 3);
    REQUIRE(readings.read(reading, 1, bytes_of(told.said)) == Readings::Read::yes);
    const vmoat_content content = readings.content(reading);
    CHECK(content.until == 1 + told.said.size() + told.bytes);
    CHECK(vmoat_content_bytes(content) == told.bytes);
    CHECK(vmoat_content_head(content) == told.head);
    readings.end(reading);
  }
}

TEST_CASE("readings: a NIC that has begun its share begins no more, others do, and what ends makes room") {
  constexpr uint16_t greedy = 3, modest = 4;
  Readings readings(1 << 20);
  std::vector<uint32_t> begun;
  for (uint32_t reading = 0; (reading = readings.begin(1, greedy)) != 0;) begun.push_back(reading);
  CHECK(begun.size() > 100);
  CHECK(readings.begin(1, modest) != 0);
  readings.end(begun.back());
  CHECK(readings.begin(1, greedy) != 0);
  CHECK(readings.begin(1, greedy) == 0);
}

}  // namespace vmoat
