// What HTTP clients say and what is none of it, cut at every place.
#include "apps/http_stream.h"

#include <doctest/doctest.h>

#include <string>

#include "parse/test_bytes.h"

namespace vmoat::test {
namespace {

bool goes_on(const char* application, const std::string& said, size_t piece, std::string& read) {
  StreamMemory memory;
  const auto keep = [&](Bytes bytes) { read.append(bytes.begin(), bytes.end()); };
  for (const Application& a : applications())
    for (size_t at = 0; a.name == application && at < said.size(); at += piece)
      if (!read_on(a, text(said.substr(at, piece)), memory, keep)) return false;
  return true;
}

/** What is read of it is the same, whatever the pieces. */
std::string each_piece(const char* application, const std::string& said, bool expected) {
  CAPTURE(said);
  std::string first;
  for (const size_t piece : {size_t{1}, size_t{2}, size_t{3}, size_t{7}, said.size()}) {
    std::string read;
    CHECK(goes_on(application, said, piece, read) == expected);
    if (piece == 1) first = read;
    if (expected) CHECK(read == first);
  }
  return first;
}

}  // namespace

TEST_CASE("http goes on with requests, whatever their bodies are") {
  const std::string get = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
  const std::string put = "PUT /a HTTP/1.1\r\nContent-Length: 5\r\n\r\n\x01\n\r\x02z";
  const std::string chunked =
      "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\na;x=y\r\n0123456789\r\n0\r\nT: x\r\n\r\n";
  const std::string read = each_piece("http", get + put + get + chunked + "\r\n" + get, true);
  CHECK(read.find("\x02") == read.npos);
  CHECK(read.find("0123456789") == read.npos);
  CHECK(read.ends_with(get));
  each_piece("http", "OPTIONS * HTTP/1.0\n\n" + get, true);
  each_piece("http",
             "GET /" + std::string(5000, 'a') + " HTTP/1.1\r\nCookie: " + std::string(9000, 'b') + "\r\n\r\n",
             true);
}

TEST_CASE("http ends with what is no request, or what receivers may read in two ways") {
  const std::string get = "GET / HTTP/1.1\r\n\r\n";
  for (const std::string behind : {"SSH-2.0-x\r\n", "\x16\x03\x01", "hello\r\n", "GET /\r\n",
                                   "GET / HTTP/2.0\r\n", "*1\r\n$4\r\nPING\r\n", "G\x01T / HTTP/1.1\r\n"})
    each_piece("http", get + behind, false);
  for (const std::string field :
       {"Content-Length: 1\r\nContent-Length: 1", "Content-Length: +1", "Content-Length: 1, 1",
        "Content-Length : 1", "Content-Length: 1\r\nTransfer-Encoding: chunked", "Transfer-Encoding: gzip",
        "Transfer-Encoding: xchunked", "A: b\r\n folded", "no colon", "A: b\rContent-Length: 1"})
    each_piece("http", "POST / HTTP/1.1\r\n" + field + "\r\n\r\n", false);
  each_piece("http", "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n12345X", false);
  each_piece("http", "POST / HTTP/1.1\r\nContent-Length:" + std::string(80, ' ') + "1\r\n\r\n", false);
}

TEST_CASE("tls goes on record by record") {
  const auto record = [](char type, size_t size) {
    return std::string{type, 3, 3, static_cast<char>(size >> 8), static_cast<char>(size)} +
           std::string(size, 'x');
  };
  CHECK(each_piece("tls", record(22, 300) + record(20, 1) + record(23, 16384) + record(21, 2), true) ==
        std::string("\x16\3\3\1\x2c\x14\3\3\0\1\x17\3\3\x40\0\x15\3\3\0\2", 20));
  each_piece("tls", record(23, 10), false);
  each_piece("tls", record(22, 10) + "GET / HTTP/1.1\r\n", false);
  each_piece("tls", record(22, 10) + record(23, 20000), false);
}

}  // namespace vmoat::test
