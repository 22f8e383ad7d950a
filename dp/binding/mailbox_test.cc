// The mailbox's bounds: bulk is dropped and counted, tables keep the newest, JavaScript is told once.
#include "binding/mailbox.h"

#include <doctest/doctest.h>

#include <cstring>

namespace vmoat::binding {

TEST_CASE("tells once until the mail is taken") {
  int told = 0;
  Mailbox box([&] { told++; });
  box.log("info", "one");
  box.log("warn", "two");
  CHECK(told == 1);
  Mail mail = box.take();
  REQUIRE(mail.log.size() == 2);
  CHECK(mail.log[1].text == "two");
  box.log("info", "three");
  CHECK(told == 2);
}

TEST_CASE("of a table only the newest is kept") {
  Mailbox box([] {});
  SegmentInfo first, second;
  first.link = "br0";
  second.link = "br1";
  box.segments(1, {&first, 1});
  box.segments(2, {&second, 1});
  Mail mail = box.take();
  REQUIRE(mail.segments.has_value());
  CHECK(mail.segments->generation == 2);
  REQUIRE(mail.segments->rows.size() == 1);
  CHECK(mail.segments->rows[0].link == "br1");
  CHECK_FALSE(box.take().segments.has_value());
}

TEST_CASE("bulk past the bound is dropped and counted, and there is room again after take()") {
  Mailbox box([] {});
  std::vector<uint8_t> batch(24u << 20);
  const FlowBatchHeader header{sizeof(FlowRecord), 100'000, 0, 0};
  std::memcpy(batch.data(), &header, sizeof(header));
  for (int i = 0; i < 4; i++) box.flows(batch);
  CHECK(box.lost_records() == 200'000);
  CHECK(box.take().flows.size() == 2);
  box.flows(batch);
  CHECK(box.take().flows.size() == 1);
  CHECK(box.lost_records() == 200'000);
}

TEST_CASE("lost addresses are counted by their size") {
  Mailbox box([] {});
  const std::vector<uint8_t> batch(sizeof(AddressRecord) * 2'000'000);
  box.addresses(batch);
  CHECK(box.lost_records() == 2'000'000);
  box.addresses(std::span(batch).first(sizeof(AddressRecord)));
  CHECK(box.take().addresses.size() == 1);
}

TEST_CASE("log lines of a burst are bounded") {
  Mailbox box([] {});
  for (int i = 0; i < 1000; i++) box.log("info", "again");
  CHECK(box.take().log.size() == 256);
}

}  // namespace vmoat::binding
