// What probe.h declares: messages written as lines, so that two runs can be compared.
#include "threats/content/probe.h"

#include <doctest/doctest.h>

namespace vmoat {

namespace {

std::string text(std::string_view view) {
  return std::string(view);
}

}  // namespace

void Found::http(const HttpHead& head) {
  std::string line = head.request ? "request" : "answer";
  line += " " + (head.request ? text(head.method) : std::to_string(head.status));
  line += " " + text(head.target) + " framing " + std::to_string(head.framing);
  for (const HttpField& field : head.fields) line += " | " + text(field.name) + "=" + text(field.value);
  lines.push_back(line + (head.whole ? " whole" : ""));
}

void Found::http_slow(const HttpSlowHead& head) {
  lines.push_back("slow " + std::to_string(head.waited_s));
}

void Found::input(const HttpInput& input) {
  lines.push_back("input " + std::to_string(static_cast<int>(input.where)) + " " + text(input.name) + "=" +
                  text(input.value));
}

void Found::dns(const DnsMessage& message) {
  lines.push_back("dns " + text(message.name) + " type " + std::to_string(message.type) + " faults " +
                  std::to_string(message.faults) + (message.response ? " response" : ""));
}

void Found::tls(const TlsRecord& record) {
  lines.push_back("tls " + std::to_string(record.type) + " version " + std::to_string(record.version) +
                  " length " + std::to_string(record.length) + (record.encrypted ? " encrypted" : ""));
}

void Found::banner(const Banner& banner) {
  lines.push_back("banner " + text(banner.line));
}

void Found::login(const Login& login) {
  lines.push_back("refused " + text(login.application) + ": " + text(login.reason));
}

void say(std::string_view application, const std::vector<Said>& conversation, ContentSink& sink,
         size_t piece_bytes, size_t shift) {
  ContentReader reader(1 << 20);
  ContentHold hold;
  const int splitter = splitter_of(application);
  REQUIRE(splitter >= 0);
  ContentReader::begin(hold, splitter);
  for (const Said& said : conversation) {
    Bytes rest{reinterpret_cast<const uint8_t*>(said.bytes.data()), said.bytes.size()};
    for (size_t piece = shift == 0 ? piece_bytes : shift; !rest.empty(); piece = piece_bytes) {
      const Bytes data = rest.first(std::min(piece, rest.size()));
      rest = rest.subspan(data.size());
      reader.take(hold, {.from_client = said.client, .data = data}, 0, sink);
    }
  }
  for (bool client : {true, false}) reader.end(hold, {.from_client = client, .cut = true}, 0, sink);
  CHECK(reader.used() == 0);
}

void say_datagram(std::string_view application, const Said& said, ContentSink& sink) {
  ContentState state;
  const Bytes data{reinterpret_cast<const uint8_t*>(said.bytes.data()), said.bytes.size()};
  const int splitter = splitter_of(application);
  REQUIRE(splitter >= 0);
  splitters()[static_cast<size_t>(splitter)].split(
      {.transport = over_udp, .from_client = said.client, .data = data}, state, sink);
}

}  // namespace vmoat
