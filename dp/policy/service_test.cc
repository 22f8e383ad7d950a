#include "policy/service.h"

#include <doctest/doctest.h>

using namespace vmoat;

namespace {

ServiceRange range(std::string_view text) {
  const Result<ServiceRange> read = read_service_range(text);
  REQUIRE_MESSAGE(read.ok(), text);
  return *read;
}

bool is(const ServiceRange& range, Service first, Service last) {
  return range.first == first && range.last == last;
}

}  // namespace

TEST_CASE("ports as rules write them") {
  CHECK(is(range("any"), 0, 0xff'ffff));
  CHECK(is(range("tcp"), service_of(6, 0), service_of(6, 65535)));
  CHECK(is(range("tcp/80"), service_of(6, 80), service_of(6, 80)));
  CHECK(is(range("udp/5000-5999"), service_of(17, 5000), service_of(17, 5999)));
  CHECK(is(range("sctp/0-65535"), service_of(132, 0), service_of(132, 65535)));
  CHECK(is(range("icmp"), service_of(1, 0), service_of(1, 65535)));
  CHECK(is(range("icmp/8"), service_of(1, 0x0800), service_of(1, 0x08ff)));
  CHECK(is(range("icmp/3/4"), service_of(1, 0x0304), service_of(1, 0x0304)));
  CHECK(is(range("icmpv6/255/255"), service_of(58, 0xffff), service_of(58, 0xffff)));
  CHECK(is(range("proto/47"), service_of(47, 0), service_of(47, 65535)));
}

TEST_CASE("what is no port") {
  for (const char* text : {"",
                           "/",
                           "tcp/",
                           "tcp/65536",
                           "tcp/-1",
                           "tcp/80-",
                           "tcp/90-80",
                           "tcp/80-90-100",
                           "tcp/ 80",
                           "tcp/80 ",
                           "tcp/+80",
                           "TCP",
                           "any/1",
                           "icmp/256",
                           "icmp/8/",
                           "icmp/8/256",
                           "icmp/8-9",
                           "icmp/1/2/3",
                           "proto",
                           "proto/256",
                           "proto/gre",
                           "http",
                           "tcp/99999999999999999999"})
    CHECK_MESSAGE(!read_service_range(text).ok(), text);
}
