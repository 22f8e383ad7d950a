// For tests: sample openings, findings that remember, and the checks that hold for every recogniser.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "apps/application.h"

namespace vmoat {

/** What both ends of one flow of an application say first. UDP samples have one side only. */
struct Sample {
  std::string name;
  std::string client, server;
  Transport transport = over_tcp;
  uint16_t server_port = 0;
  bool server_first = false;  // order in which the bytes arrive when split
  bool client_alone = true;   // the client's bytes are enough for `sure`
  bool server_alone = false;
  bool symmetric = false;  // either end may say so: the roles cannot be told apart
  bool midstream = false;
  bool expected = false;  // announced by another flow
};

struct Noted final : Findings {
  void fact(Fact key, std::string_view value) override { facts[key] = value; }
  void layer(std::string_view application) override { layers.emplace_back(application); }
  void lease(Bytes ip, Bytes mac) override { leases.emplace_back(as_text(ip), as_text(mac)); }
  void ends_swapped() override { is_reversed = true; }
  void unfinished() override { is_unfinished = true; }
  void enough() override { has_enough = true; }
  void keep(Bytes bytes) override { kept = as_text(bytes); }
  void asked(const NameQuestion& q) override { questions.push_back({q.id, q.type, std::string(q.name), {}}); }
  void answered(const NameQuestion& q, std::span<const NameAddress> addresses_of_name) override {
    answers.push_back({q.id, q.type, std::string(q.name), {}});
    for (const NameAddress& a : addresses_of_name)
      answers.back().addresses.emplace_back(as_text(a.address), a.ttl_s);
  }
  void expect(const Expectation& e) override {
    expected.push_back(e);
    addresses.emplace_back(as_text(e.address));
    expected.back().address = {};
  }

  struct Resolution {
    uint16_t id, type;
    std::string name;
    std::vector<std::pair<std::string, uint32_t>> addresses;
  };

  std::map<Fact, std::string> facts;
  std::vector<std::string> layers;
  std::vector<std::pair<std::string, std::string>> leases;
  std::vector<Expectation> expected;
  std::vector<std::string> addresses;  // of the expected
  std::vector<Resolution> questions, answers;
  std::string kept;
  bool is_reversed = false, is_unfinished = false, has_enough = false;
};

/** Bytes from hexadecimal digits; white space between them is for the reader. */
std::string hex(std::string_view digits);
/** A string literal with its zeros: TEXT("a\0b"). */
template <size_t size>
std::string raw(const char (&literal)[size]) {
  return {literal, size - 1};
}
std::string be16(size_t value);
std::string be32(size_t value);
std::string le24(size_t value);
std::string le32(size_t value);

Opening opening_of(const Sample& sample);
const Application& application(std::string_view name);

struct Answer {
  Claim claim;
  Noted noted;
};
Answer ask(const Application& application, const Opening& opening);
Answer ask(std::string_view name, const Sample& sample);

/** The opening as an input of its fuzz target (format: fuzz/opening_input.h). */
std::string write_opening(const Opening& opening);

/** Runs every check that a sample of `application` must pass: both ends, each alone, split anywhere, swapped.
 */
void check_sample(const Application& application, const Sample& sample);
/** `name` must neither claim nor guess this opening, from either side, however the flow was met. */
void check_refused(std::string_view name, const Sample& sample);

}  // namespace vmoat
