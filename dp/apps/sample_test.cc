// The checks that every recogniser passes for every sample of its application.
#include "apps/sample.h"

#include <doctest/doctest.h>

#include <algorithm>

namespace vmoat {
namespace {

Opening with(Opening opening, std::string_view client, std::string_view server) {
  opening.client = as_bytes(client);
  opening.server = as_bytes(server);
  return opening;
}

/** Byte by byte: never `no`, and once it is sure it stays so. */
void check_growth(const Application& app, const Sample& sample) {
  const bool server_first = sample.server_first;
  const std::string_view first = server_first ? sample.server : sample.client;
  const std::string_view second = server_first ? sample.client : sample.server;
  Claim last = Claim::more;
  for (size_t size = 0; size <= first.size() + second.size(); size++) {
    const std::string_view early = first.substr(0, size);
    const std::string_view late =
        size > first.size() ? second.substr(0, size - first.size()) : std::string_view{};
    const Opening opening =
        server_first ? with(opening_of(sample), late, early) : with(opening_of(sample), early, late);
    const Claim claim = ask(app, opening).claim;
    CAPTURE(size);
    if (claim == Claim::no || claim < last) REQUIRE(claim == last);
    last = claim;
  }
  REQUIRE(last == Claim::sure);
}

void check_swapped(const Application& app, const Sample& sample) {
  Opening swapped = with(opening_of(sample), sample.server, sample.client);
  swapped.direction_seen = false;
  const Answer answer = ask(app, swapped);
  CHECK(answer.claim == Claim::sure);
  if (!sample.symmetric) CHECK(answer.noted.is_reversed);
  swapped.direction_seen = true;
  if (!sample.symmetric && sample.transport == over_tcp) CHECK(ask(app, swapped).claim != Claim::sure);
}

/** A cut opening must end the question without harm; what comes out is the recogniser's business. */
void check_cut(const Application& app, const Sample& sample) {
  for (size_t size = 0; size < std::max(sample.client.size(), sample.server.size()); size++) {
    Opening opening = with(opening_of(sample), std::string_view(sample.client).substr(0, size),
                           std::string_view(sample.server).substr(0, size));
    opening.cut = true;
    ask(app, opening);
    opening.midstream = true;
    ask(app, opening);
  }
}

}  // namespace

std::string hex(std::string_view digits) {
  std::string bytes;
  int high = -1;
  for (char c : digits) {
    const int value = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
    if (value < 0) continue;
    if (high >= 0) bytes += static_cast<char>(high << 4 | value);
    high = high >= 0 ? -1 : value;
  }
  return bytes;
}

std::string be16(size_t v) {
  return {static_cast<char>(v >> 8), static_cast<char>(v)};
}
std::string be32(size_t v) {
  return be16(v >> 16) + be16(v & 0xffff);
}
std::string le24(size_t v) {
  return {static_cast<char>(v), static_cast<char>(v >> 8), static_cast<char>(v >> 16)};
}
std::string le32(size_t v) {
  return le24(v) + static_cast<char>(v >> 24);
}

Opening opening_of(const Sample& sample) {
  Opening opening;
  opening.client = as_bytes(sample.client);
  opening.server = as_bytes(sample.server);
  opening.client_port = 40000;
  opening.server_port = sample.server_port;
  opening.transport = sample.transport;
  opening.midstream = sample.midstream;
  opening.direction_seen = !sample.midstream;
  opening.expected = sample.expected;
  return opening;
}

std::string write_opening(const Opening& opening) {
  constexpr Transport transports[] = {over_tcp, over_udp, over_icmp, over_sctp};
  const auto* transport = std::find(std::begin(transports), std::end(transports), opening.transport);
  const auto flags = (transport - transports) | opening.direction_seen << 2 | opening.midstream << 3 |
                     opening.cut << 4 | opening.expected << 5;
  std::string input(1, static_cast<char>(flags));
  input += be16(opening.server_port) + be16(opening.client.size());
  return input.append(as_text(opening.client)).append(as_text(opening.server));
}

const Application& application(std::string_view name) {
  const auto all = applications();
  const auto found = std::find_if(all.begin(), all.end(), [&](const auto& app) { return app.name == name; });
  REQUIRE(found != all.end());
  return *found;
}

Answer ask(const Application& app, const Opening& opening) {
  Answer answer{};
  answer.claim = app.recognise(opening, answer.noted);
  return answer;
}
Answer ask(std::string_view name, const Sample& sample) {
  return ask(application(name), opening_of(sample));
}

void check_sample(const Application& app, const Sample& sample) {
  CAPTURE(app.name);
  CAPTURE(sample.name);
  CHECK(ask(app, opening_of(sample)).claim == Claim::sure);
  const Claim client = ask(app, with(opening_of(sample), sample.client, "")).claim;
  const Claim server = ask(app, with(opening_of(sample), "", sample.server)).claim;
  CHECK((client == Claim::sure) == (sample.client_alone && !sample.client.empty()));
  CHECK((server == Claim::sure) == (sample.server_alone && !sample.server.empty()));
  if (sample.transport == over_tcp && !sample.midstream) check_growth(app, sample);
  if (!sample.midstream) check_swapped(app, sample);
  check_cut(app, sample);
}

void check_refused(std::string_view name, const Sample& sample) {
  CAPTURE(name);
  CAPTURE(sample.name);
  Opening opening = opening_of(sample);
  for (const bool seen : {true, false}) {
    for (const bool cut : {false, true}) {
      opening.direction_seen = seen;
      opening.cut = cut;
      CHECK(ask(application(name), opening).claim < Claim::guess);
    }
  }
}

}  // namespace vmoat
