// Every splitter finds the same messages however the stream was cut.
#include <doctest/doctest.h>

#include <algorithm>

#include "threats/content/decode.h"
#include "threats/content/probe.h"

namespace vmoat {

namespace {

using Lines = std::vector<std::string>;

Lines found(std::string_view application, const std::vector<Said>& conversation, size_t piece = SIZE_MAX,
            size_t shift = 0) {
  Found all;
  say(application, conversation, all, piece, shift);
  return all.lines;
}

/** The messages, after a check that no border between segments changes them. */
Lines found_anyhow(std::string_view application, const std::vector<Said>& conversation) {
  const Lines whole = found(application, conversation);
  size_t longest = 0;
  for (const Said& said : conversation) longest = std::max(longest, said.bytes.size());
  for (size_t piece : {1u, 2u, 3u, 7u, 64u}) CHECK(found(application, conversation, piece) == whole);
  for (size_t at = 1; at < longest; at++) CHECK(found(application, conversation, SIZE_MAX, at) == whole);
  return whole;
}

template <size_t size>
std::string raw(const char (&literal)[size]) {
  return {literal, size - 1};
}

std::string mysql_packet(uint8_t sequence, const std::string& body) {
  std::string packet{static_cast<char>(body.size()), 0, 0, static_cast<char>(sequence)};
  return packet + body;
}

}  // namespace

TEST_CASE("content: http requests one behind the other, bodies and trailers between them") {
  const std::string first =
      "POST /form?a=1%27&b=x+y HTTP/1.1\r\nHost: h\r\nCookie: id=a%3Db; t=\"x\"\r\nContent-Type: "
      "application/x-www-form-urlencoded\r\nContent-Length: 12\r\n\r\nq=%27or&z=a.";
  const std::string second =
      "\r\nPUT /up HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Type: application/json\r\n\r\n"
      "7\r\n{\"a\":\"$\r\n9;e=1\r\n{x\\u0027}\r\n2\r\n\"}\r\n0\r\nTrailer: x\r\n\r\nGET /last "
      "HTTP/1.1\r\n\r\n";
  const std::string answers =
      "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhelloHTTP/1.1 304 Not\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-"
      "Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n";
  const Lines lines = found_anyhow("http", {{true, first + second}, {false, answers}});
  CHECK(lines == Lines{

                     "input 1 a=1'",
                     "input 1 b=x y",
                     "input 2 id=a=b",
                     "input 2 t=\"x\"",
                     "request POST /form?a=1%27&b=x+y framing 1 | Content-Length=12 whole",
                     "input 3 q='or",
                     "request PUT /up framing 6 | Transfer-Encoding=chunked whole",
                     "input 4 a=${x'}",
                     "request   framing 6 whole",
                     "request GET /last framing 0 whole",
                     "answer 200  framing 1 | Content-Length=5 whole",
                     "answer 304  framing 0 whole",
                     "answer 200  framing 6 | Transfer-Encoding=chunked whole",
                     "answer 0  framing 6 whole",
                 });
}

TEST_CASE("content: a head, a target and a body longer than the window come in parts, nothing is lost") {
  const auto has = [](const Lines& lines, std::string_view wanted) {
    for (const std::string& line : lines)
      if (line.find(wanted) != line.npos) return true;
    return false;
  };
  std::string fields;
  for (int i = 0; i < 400; i++) fields += "X-Padding-" + std::to_string(i) + ": some words to fill it\r\n";
  const std::string padding(9000, 'a');
  for (size_t piece : {1u, 100u, 1460u, 65536u}) {
    CHECK(has(found("http", {{true, "GET / HTTP/1.1\r\n" + fields + "X: ${jndi:ldap://a}\r\n\r\n"}}, piece),
              "input 7 X=${jndi:ldap://a}"));
    CHECK(
        has(found("http", {{true, "GET /?p=" + padding + "&q=%27or HTTP/1.1\r\n\r\nGET /b HTTP/1.1\r\n\r\n"}},
                  piece),
            "input 1 q='or"));
    const std::string body = "p=" + padding + "&q=%27or";
    std::string requests = "POST / HTTP/1.1\r\nContent-Length: ";
    requests.append(std::to_string(body.size())).append("\r\n\r\n").append(body);
    requests.append("GET /b HTTP/1.1\r\n\r\n");
    const Lines lines = found("http", {{true, requests}}, piece);
    CHECK(has(lines, "input 3 q='or"));
    CHECK(has(lines, "request GET /b"));
    std::string chunks;
    for (char c : body) chunks += std::string("1\r\n") + c + "\r\n";
    CHECK(
        has(found("http",
                  {{true, "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks.substr(0, 50000)},
                   {true, chunks.substr(50000) + "0\r\n\r\n"}},
                  piece),
            "input 3 q='or"));
  }
}

TEST_CASE("content: bodies that nobody looks into are passed over") {
  const std::string upload = "POST / HTTP/1.1\r\nContent-Type: image/png\r\nContent-Length: 30000\r\n\r\n" +
                             std::string(30000, 'x') + "GET /next HTTP/1.1\r\n\r\n";
  CHECK(found_anyhow("http", {{true, upload.substr(0, 300)}, {true, upload.substr(300)}}).back() ==
        "request GET /next framing 0 whole");
}

TEST_CASE("content: how a head frames its body, and what is wrong with that") {
  const auto framing = [](const std::string& fields) {
    const Lines lines = found_anyhow("http", {{true, "POST / HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n"}});
    std::string line;
    for (const std::string& each : lines)
      if (line.empty() && each.starts_with("request")) line = each;
    return std::stoi(line.substr(line.find("framing ") + 8));
  };
  CHECK(framing("Content-Length: 0\r\n") == has_length);
  CHECK(framing("Content-Length: 0\r\nContent-Length: 0\r\n") == has_length);
  CHECK(framing("Content-Length: 0\r\nContent-Length: 4\r\n") == (has_length | lengths_differ));
  CHECK(framing("Content-Length: -1\r\n") == (has_length | length_negative));
  CHECK(framing("Content-Length: 18446744073709551615\r\n") == (has_length | length_negative));
  CHECK(framing("Content-Length: 9223372036854775807\r\n") == has_length);
  CHECK(framing("Content-Length: ten\r\n") == (has_length | length_malformed));
  CHECK(framing("Transfer-Encoding: chunked\r\n") == (has_coding | is_chunked));
  CHECK(framing("Transfer-Encoding: gzip, chunked\r\n") == (has_coding | is_chunked));
  CHECK(framing("Transfer-Encoding: identity\r\n") == has_coding);
  for (const char* obscured :
       {"Transfer-Encoding: xchunked\r\n", "Transfer-Encoding : chunked\r\n", "Transfer-Encoding: chunked\n",
        "Transfer_Encoding: chunked\r\n", "Transfer-Encoding: chunked, cow\r\n",
        "Transfer-Encoding:\r\n chunked\r\n", "Transfer-Encoding: chunked\r\nTransfer-Encoding: cow\r\n",
        "Transfer-Encoding: \013chunked\r\n", "Transfer-Encoding: \"chunked\"\r\n"})
    CHECK_MESSAGE((framing(obscured) & coding_obscured) != 0, obscured);
}

TEST_CASE("content: percent-encoding as servers read it") {
  std::array<char, 64> buffer;
  const auto decoded = [&](std::string_view text) {
    return std::string(decode_percent(text, true, buffer).text);
  };
  CHECK(decoded("plain") == "plain");
  CHECK(decoded("a+b%20c") == "a b c");
  CHECK(decoded("%2527") == "'");
  CHECK(decoded("100%") == "100%");
  CHECK(decoded("%zz%4") == "%zz%4");
  CHECK(decoded("%u0027%uff1c") == "'<");
  CHECK(decoded("%c0%ae%c0%af") == "./");
  CHECK(decode_percent("/%2e%2e/", false, buffer).dots_encoded);
  CHECK_FALSE(decode_percent("group%2fproject", false, buffer).dots_encoded);
  CHECK(decoded(std::string(200, '+')).size() == buffer.size());
}

TEST_CASE("content: dns messages over tcp, whole and broken") {
  const std::string query =
      raw("\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x03www\x07"
          "example\x00\x00\x01\x00\x01");
  const std::string framed = std::string(1, '\0') + static_cast<char>(query.size()) + query;
  CHECK(found_anyhow("dns", {{true, framed + framed}}) ==
        Lines{"dns www.example type 1 faults 0", "dns www.example type 1 faults 0"});
  const auto one = [](const std::string& message) {
    Found all;
    say_datagram("dns", {false, message}, all);
    return all.lines.empty() ? std::string() : all.lines[0];
  };
  CHECK(one(query) == "dns www.example type 1 faults 0");
  const std::string head = raw("\x12\x34\x81\x80\x00\x01\x00\x01\x00\x00\x00\x00");
  CHECK(one(head + raw("\xc0\x0c\x00\x01\x00\x01")).ends_with("faults 1 response"));
  CHECK(one(head + raw("\x01"
                       "a\x00\x00\x01\x00\x01\xc0\x20\x00\x05\x00\x01\x00\x00\x00\x00\x00\x02\xc0\x13"))
            .ends_with("faults 1 response"));
  CHECK(one(head +
            raw("\x01"
                "a\x00\x00\x01\x00\x01\xc0\x0c\x00\x01\x00\x01\x00\x00\x00\x00\x00\x04\x0a\x00\x00\x01")) ==
        "dns a type 1 faults 0 response");
  CHECK(one(head +
            raw("\x01"
                "a\x00\x00\x01\x00\x01\xc0\x0c\x00\x01\x00\x01\x00\x00\x00\x00\xff\xff\x0a\x00\x00\x01")) ==
        "dns a type 1 faults 8 response");
  CHECK(
      one(head + raw("\x01"
                     "a\x00\x00\x01\x00\x01\xc0\x0c\x00\x01\x00\x01\x00\x00\x00\x00\x00\x03\x0a\x00\x01")) ==
      "dns a type 1 faults 16 response");
  std::string name;
  for (int i = 0; i < 5; i++) name += '\x3f' + std::string(63, 'x');
  CHECK(one(head + name + raw("\x00\x00\x01\x00\x01")).find("faults 2") != std::string::npos);
  CHECK(one(head + raw("\x80"
                       "a\x00\x00\x01\x00\x01"))
            .empty() == false);
  CHECK(one("no DNS at all, though it came to port 53").empty());
}

TEST_CASE("content: tls records, and what follows a change of cipher") {
  const std::string hello = raw("\x16\x03\x01\x00\x04\x01\x00\x00\x00");
  const std::string server =
      raw("\x16\x03\x03\x00\x04\x02\x00\x00\x00\x14\x03\x03\x00\x01\x01\x16\x03\x03\x00\x02zz");
  CHECK(found_anyhow("tls",
                     {{true, hello}, {false, server}, {true, raw("\x18\x03\x03\x00\x03\x01\x40\x00")}}) ==
        Lines{"tls 22 version 769 length 4", "tls 22 version 771 length 4", "tls 20 version 771 length 1",
              "tls 22 version 771 length 2 encrypted", "tls 24 version 771 length 3"});
  const std::string big =
      raw("\x16\x03\x03\x3f\xff") + std::string(0x3fff, 'c') + raw("\x17\x03\x03\x00\x01x");
  CHECK(found_anyhow("tls", {{false, big.substr(0, 400)}, {false, big.substr(400)}}) ==
        Lines{"tls 22 version 771 length 16383", "tls 23 version 771 length 1"});
  CHECK(found_anyhow("tls", {{true, raw("\x80\x2e\x01\x00\x02") + std::string(43, 'x')},
                             {false, raw("\x80\x10\x04\x00\x01\x00\x02") + std::string(11, 'x')}}) ==
        Lines{"tls 4 version 2 length 16"});
}

TEST_CASE("content: banners of ssh, also behind other lines") {
  CHECK(found_anyhow("ssh", {{false, "welcome\r\nSSH-1.5-old\r\nmore"}, {true, "SSH-2.0-OpenSSH_9.2\r\n"}}) ==
        Lines{"banner SSH-1.5-old", "banner SSH-2.0-OpenSSH_9.2"});
}

TEST_CASE("content: refused logins") {
  const auto refused = [](std::string_view application, const std::vector<Said>& said) {
    return found_anyhow(application, said).size();
  };
  CHECK(found_anyhow("mysql", {{false, mysql_packet(0, raw("\x0a") + raw("5.7\0xxxx"))},
                               {true, mysql_packet(1, std::string(40, 'u'))},
                               {false, mysql_packet(2, raw("\xff\x15\x04#28000Access denied for user"))}}) ==
        Lines{"refused mysql: Access denied for user"});
  CHECK(refused("mysql", {{false, mysql_packet(0, raw("\x0a") + "5.7")},
                          {false, mysql_packet(2, raw("\0\0\0\2\0\0\0")) +
                                      mysql_packet(1, raw("\xff\x15\x04#28000x"))}}) == 0);
  const std::string error = raw("E\0\0\0\x21SFATAL\0C28P01\0Mwrong password\0\0");
  CHECK(
      found_anyhow("postgresql",
                   {{true, raw("\0\0\0\x08\x04\xd2\x16\x2f")},
                    {false, "N"},
                    {true, raw("\0\0\0\x08\0\3\0\0")},
                    {false, raw("R\0\0\0\x0c\0\0\0\5saltE\0\0\0\x23SFATAL\0C28P01\0Mwrong password\0\0")}}) ==
      Lines{"refused postgresql: wrong password"});
  CHECK(refused("postgresql", {{true, raw("\0\0\0\x08\x04\xd2\x16\x2f")}, {false, "S" + error}}) == 0);
  CHECK(found_anyhow("redis",
                     {{false, "+OK\r\n$11\r\n-WRONGPASS \r\n-WRONGPASS bad\r\n:1\r\n-ERR unknown\r\n"}}) ==
        Lines{"refused redis: WRONGPASS bad"});
  const std::string tds_error = raw("\xaa\x0a\0\x18\x48\0\0\1\x0e\0\0\0\0");
  CHECK(found_anyhow("tds", {{false, raw("\4\1\0\x0a\0\0\1\0\0\0\4\1\0\x15\0\0\1\0") + tds_error}}) ==
        Lines{"refused tds: 18456 Login failed"});
  const std::string bson =
      raw("\x1b\0\0\0\1ok\0\0\0\0\0\0\0\0\0\x10"
          "code\0\x12\0\0\0\0");
  CHECK(found_anyhow("mongodb", {{false, raw("\x30\0\0\0\1\0\0\0\1\0\0\0\xdd\7\0\0\0\0\0\0\0") + bson}}) ==
        Lines{"refused mongodb: AuthenticationFailed"});
  CHECK(found_anyhow(
            "ldap",
            {{false, raw("\x30\x0c\2\1\1\x61\7\x0a\1\0\4\0\4\0\x30\x0c\2\1\2\x61\7\x0a\1\x31\4\0\4\0")}}) ==
        Lines{"refused ldap: invalidCredentials"});
  CHECK(found_anyhow("vnc", {{false, "RFB 003.008\n"},
                             {true, "RFB 003.008\n"},
                             {false, raw("\2\2\1")},
                             {true, "\2"},
                             {false, std::string(16, 'c')},
                             {true, std::string(16, 'r')},
                             {false, raw("\0\0\0\1\0\0\0\0")}}) ==
        Lines{"refused vnc: authentication failed"});
  CHECK(refused("vnc", {{false, "RFB 003.003\n"},
                        {true, "RFB 003.003\n"},
                        {false, raw("\0\0\0\2") + std::string(16, 'c')},
                        {true, std::string(16, 'r')},
                        {false, raw("\0\0\0\0")}}) == 0);
  CHECK(found_anyhow("ftp", {{false, "220 hi\r\n530 not yet\r\n"},
                             {true, "USER a\r\nPASS b\r\n"},
                             {false, "530 wrong\r\n"}}) == Lines{"refused ftp: 530 wrong"});
  CHECK(found_anyhow("smtp", {{false, "220 hi\r\n535 5.7.8 no\r\n235 ok\r\n535 later\r\n"}}) ==
        Lines{"refused smtp: 535 5.7.8 no"});
  CHECK(found_anyhow("imap", {{true, "a LOGIN u p\r\n"},
                              {false, "a NO [AUTHENTICATIONFAILED] no\r\n"},
                              {true, "b SELECT x\r\n"},
                              {false, "b NO such\r\n"}}) ==
        Lines{"refused imap: NO [AUTHENTICATIONFAILED] no"});
  CHECK(
      found_anyhow(
          "pop3", {{true, "USER u\r\n"}, {false, "+OK\r\n"}, {true, "PASS p\r\n"}, {false, "-ERR no\r\n"}}) ==
      Lines{"refused pop3: -ERR no"});
  const std::string basic = "GET / HTTP/1.1\r\nAuthorization: Basic eDp5\r\n\r\n";
  CHECK(
      found_anyhow("http", {{true, basic}, {false, "HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n"}}).back() ==
      "refused http: 401 Unauthorized");
  CHECK(found_anyhow("http", {{true, "GET / HTTP/1.1\r\n\r\n"},
                              {false, "HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n"}})
            .back() == "answer 401  framing 1 | Content-Length=0 whole");
}

Content said_by_client(std::string_view text) {
  return {.from_client = true, .data = {reinterpret_cast<const uint8_t*>(text.data()), text.size()}};
}

TEST_CASE("content: memory that is out refuses, and is counted") {
  ContentReader reader(0);
  std::vector<ContentHold> holds(2000);
  Found all;
  for (ContentHold& hold : holds) {
    ContentReader::begin(hold, splitter_of("http"));
    reader.take(hold, said_by_client("GET / HT"), 0, all);
  }
  const auto read =
      std::count_if(holds.begin(), holds.end(), [](const auto& hold) { return hold.reads(true); });
  CHECK(read < std::ssize(holds));
  CHECK(reader.refused() == holds.size() - static_cast<size_t>(read));
  for (ContentHold& hold : holds) reader.drop(hold);
  CHECK(reader.used() == 0);
}

TEST_CASE("content: whose flows wait in all of a share leave others theirs") {
  ContentReader reader(1 << 20, 2);
  Found all;
  const auto wait = [&](uint16_t owner) {
    ContentHold hold;
    ContentReader::begin(hold, splitter_of("http"));
    Content content = said_by_client("GET / HT");
    content.owner = owner;
    reader.take(hold, content, 0, all);
    return hold.reads(true);
  };
  while (wait(0)) {
  }
  CHECK(wait(1));
}

TEST_CASE("content: between two messages a flow holds no memory, and its appetite goes on") {
  ContentReader reader(1 << 20);
  ContentHold hold;
  Found all;
  ContentReader::begin(hold, splitter_of("http"));
  constexpr std::string_view form = "POST /a HTTP/1.1\r\nContent-Length: 4\r\n\r\nb=cd",
                             get = "GET / HTTP/1.1\r\n\r\n";
  size_t said = 0;
  for (; said + form.size() + get.size() <= ContentReader::splitter(hold).client_bytes_max;
       said += form.size() + get.size()) {
    reader.take(hold, said_by_client(form.substr(0, 30)), 0, all);
    CHECK(reader.used() > 0);
    reader.take(hold, said_by_client(form.substr(30)), 0, all);
    CHECK(reader.used() == 0);
    reader.take(hold, said_by_client(get), 0, all);
    CHECK(reader.used() == 0);
    REQUIRE(hold.reads(true));
  }
  for (; hold.reads(true); said++) reader.take(hold, said_by_client("\n"), 0, all);
  CHECK(said == ContentReader::splitter(hold).client_bytes_max);
  CHECK(hold.reads(false));
  reader.drop(hold);
}

TEST_CASE("content: a slow head says how long it has waited") {
  ContentReader reader(1 << 20);
  ContentHold hold;
  Found all;
  ContentReader::begin(hold, splitter_of("http"));
  const auto at = [&](int64_t second, std::string_view text) {
    reader.take(hold, said_by_client(text), second * 1'000'000'000, all);
  };
  at(100, "GET / HTTP/1.1\r\n");
  at(100, "Host: a\r\n");
  CHECK(all.lines.empty());
  at(115, "X-a: b\r\n");
  CHECK(all.lines == Lines{"slow 15"});
  reader.drop(hold);
}

}  // namespace vmoat
