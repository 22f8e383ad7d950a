#include <doctest/doctest.h>

#include "apps/sample.h"

namespace vmoat {
namespace {

std::string packet(const std::string& type, const std::string& body) {
  return hex(type) + hex("01") + be16(body.size() + 8) + hex("0000 01 00") + body;
}
const std::string options = hex("00 000b 0006 01 0011 0001 ff 080001550000 00");
std::string field(const std::string& text) {
  return text + std::string(30 - text.size(), '\0') + static_cast<char>(text.size());
}

}  // namespace

extern const std::vector<Sample> tds_samples;
const std::vector<Sample> tds_samples = {
    {.name = "prelogin",
     .client = packet("12", options),
     .server = packet("04", options),
     .server_port = 1433,
     .server_alone = true},
    {.name = "login 7",
     .client = packet("10", le32(90) + hex("04000074") + std::string(82, 'x')),
     .server = packet("04", hex("ad3600")),
     .server_port = 11433},
    {.name = "login 5",
     .client =
         packet("02", field("host") + field("sa") + field("secret") + field("42") + std::string(400, '\0')),
     .server_port = 5000},
    {.name = "batch midstream",
     .client =
         packet("01", hex("16000000 12000000 0200 0000000000000000 01000000") + raw("s\0e\0l\0e\0c\0t\0 \0")),
     .server_port = 1433,
     .midstream = true},
    {.name = "batch of 7.0 midstream",
     .client = packet("01", raw("s\0e\0l\0e\0c\0t\0 \0"
                                "1\0")),
     .server = packet("04", hex("fd 0000 0000 00000000")),
     .server_port = 1433,
     .server_alone = true,
     .midstream = true},
};

TEST_CASE("tds: is not claimed for options out of bounds and other versions") {
  check_refused("tds", {.name = "option past the end", .client = packet("12", hex("00 00ff 0006 ff"))});
  check_refused("tds", {.name = "version first", .client = packet("12", hex("01 0006 0001 ff 00"))});
  check_refused(
      "tds", {.name = "batch of nothing", .client = packet("01", std::string(40, 'x')), .midstream = true});
  check_refused(
      "tds",
      {.name = "answer of nothing", .server = packet("04", std::string(40, '\x01')), .midstream = true});
  check_refused("tds",
                {.name = "tds 6", .client = packet("10", le32(90) + hex("04000060") + std::string(82, 'x'))});
  check_refused("tds", {.name = "name longer than its field",
                        .client = packet("02", std::string(30, 'a') + hex("40") + std::string(600, '\0'))});
}

}  // namespace vmoat
