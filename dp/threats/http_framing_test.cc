// http-negative-length, http-smuggling and slowloris.
#include <doctest/doctest.h>

#include "threats/hearing.h"

namespace vmoat {

namespace {

std::string request(const std::string& fields) {
  return "POST / HTTP/1.1\r\nHost: shop\r\n" + fields + "\r\n";
}

}  // namespace

TEST_CASE("http-negative-length: below zero and beyond 63 bits, of requests and answers") {
  for (const char* length :
       {"-1", "-2147483648", "9223372036854775808", "18446744073709551615", "99999999999999999999999"}) {
    check_raised("http-negative-length", "http",
                 {{true, request(std::string("Content-Length: ") + length + "\r\n")}});
    check_raised("http-negative-length", "http",
                 {{true, request("")},
                  {false, std::string("HTTP/1.1 200 OK\r\nContent-Length: ") + length + "\r\n\r\n"}});
  }
  for (const char* length : {"0", "1", "4294967296", "9223372036854775807", "00010"})
    check_silent("http", {{true, request(std::string("Content-Length: ") + length + "\r\n")}});
}

TEST_CASE("http-smuggling: ends that two servers see in different places") {
  for (const char* fields :
       {"Content-Length: 6\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 6\r\n", "Content-Length: 6\r\nContent-Length: 7\r\n",
        "Transfer-Encoding: xchunked\r\nContent-Length: 4\r\n",
        "Transfer-Encoding : chunked\r\nContent-Length: 4\r\n",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n",
        "Transfer-Encoding:\r\n chunked\r\nContent-Length: 4\r\n",
        "X: y\r\nTransfer-Encoding: chunked\nContent-Length: 4\r\n",
        "Transfer-Encoding: chunked, identity-x\r\n",
        "Content-Length: 4\r\nTransfer-Encoding: cow, chunked\r\n"})
    check_raised("http-smuggling", "http", {{true, request(fields)}});
}

TEST_CASE("http-smuggling: ordinary framing is silent") {
  for (const char* fields : {"Content-Length: 0\r\n", "Content-Length: 0\r\nContent-Length: 0\r\n",
                             "Transfer-Encoding: chunked\r\n", "Transfer-Encoding: gzip, chunked\r\n",
                             "TE: trailers\r\nTransfer-Encoding: Chunked\r\n", "X-Note: folded\r\n line\r\n"})
    check_silent("http", {{true, request(fields) + "0\r\n\r\n"}});
  check_silent("http", {{true, "GET / HTTP/1.0\nHost: a\n\n"}});
  check_silent("http",
               {{true, request("")},
                {false, "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n"}});
}

TEST_CASE("slowloris: many heads of one client that do not end, not a few slow ones") {
  const auto slow_heads = [](uint64_t count, uint32_t waited_s) {
    Hearing hearing("slowloris");
    for (uint64_t flow = 1; flow <= count; flow++) {
      hearing.who.flow = flow;
      for (uint32_t at = 1; at <= waited_s; at += 3) hearing.http_slow({at});
    }
    return hearing.evidence.size();
  };
  CHECK(slow_heads(40, 16) > 0);
  CHECK(slow_heads(10, 30) == 0);
  CHECK(slow_heads(200, 8) == 0);
}

}  // namespace vmoat
