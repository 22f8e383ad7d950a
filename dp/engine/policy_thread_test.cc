// What becomes of tables: compiled, refused, or in force already.
#include "engine/policy_thread.h"

#include <doctest/doctest.h>

#include <semaphore>

namespace vmoat {
namespace {

PolicyTables tables(uint64_t generation, Verdict action) {
  PolicyTables t{.generation = generation};
  t.groups = {
      {.name = "any"}, {.name = "host"}, {.name = "external"}, {.name = "web", .mode = Mode::protect}};
  t.rules = {{.number = 1, .id = "ssh", .from = 0, .to = 3, .ports = {"tcp/22"}, .action = action}};
  t.unknown = {0};
  return t;
}

/** Compiles, and waits for what becomes of them. */
struct Compiler {
  std::counting_semaphore<> done{0};
  PolicyThread thread{[](std::string_view) { return uint16_t{0}; }, [this] { done.release(); }};

  std::shared_ptr<const Policy> operator()(PolicyTables tables) {
    thread.compile(std::move(tables));
    done.acquire();
    return thread.policy();
  }
};

}  // namespace

TEST_CASE("policy thread: tables that say what is in force already are the same policy") {
  Compiler compile;
  const auto first = compile(tables(1, Verdict::allow));
  REQUIRE(first);
  CHECK(compile(tables(2, Verdict::allow)) == first);
  CHECK(compile.thread.status().generation == 2);
  const auto other = compile(tables(3, Verdict::deny));
  CHECK(other != first);
  CHECK(compile(tables(4, Verdict::allow)) != other);
}

TEST_CASE("policy thread: who repeats what is in force takes back what was refused") {
  Compiler compile;
  const auto first = compile(tables(1, Verdict::allow));
  PolicyTables wrong = tables(2, Verdict::allow);
  wrong.rules[0].to = 9;
  CHECK(compile(wrong) == first);
  CHECK(compile.thread.status().refused_generation == 2);
  CHECK(compile.thread.status().generation == 1);
  CHECK(compile(tables(3, Verdict::allow)) == first);
  CHECK(compile.thread.status().refused.empty());
  CHECK(compile.thread.status().generation == 3);
}

TEST_CASE("policy thread: tables of an earlier run are compiled anew when they come again") {
  Compiler compile;
  compile.thread.begin(tables(1, Verdict::allow));  // they name its NICs
  const auto kept = compile.thread.policy();
  REQUIRE(kept);
  CHECK(compile(tables(2, Verdict::allow)) != kept);
}

}  // namespace vmoat
