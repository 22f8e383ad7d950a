// Facts: last write wins, bounded, given back.
#include "engine/facts.h"

#include <doctest/doctest.h>

#include <string>

namespace vmoat {

TEST_CASE("a run holds each key once, cut at 255 bytes, 1,024 in all") {
  FactRun run;
  run.put(Fact::http_host, "a");
  run.put(Fact::http_path, "/");
  run.put(Fact::http_host, "longer");
  CHECK(run.bytes().size() == 4 + 1 + 4 + 6);
  run.put(Fact::http_user_agent, std::string(1000, 'x'));
  CHECK(run.bytes().size() == 15 + 4 + 255);
  for (Fact f : {Fact::tls_sni, Fact::tls_alpn, Fact::dns_query, Fact::dns_answer})
    run.put(f, std::string(255, 'x'));
  CHECK(run.bytes().size() <= FactRun::bytes_max);
}

TEST_CASE("a session's facts are merged; what changes nothing says so") {
  FactStore store(1 << 20);
  Session s{};
  uint64_t refused = 0;
  FactRun run;
  run.put(Fact::http_host, "a");
  CHECK(store.merge(s, run, refused));
  CHECK_FALSE(store.merge(s, run, refused));
  run.clear();
  run.put(Fact::http_status, std::string(200, '2'));
  CHECK(store.merge(s, run, refused));
  CHECK(store.of(s).size() == 5 + 204);
  store.drop(s);
  CHECK(store.of(s).empty());
  CHECK(refused == 0);
}

TEST_CASE("without memory facts are refused and counted") {
  FactStore store(0);
  Session s{};
  uint64_t refused = 0;
  FactRun run;
  run.put(Fact::http_host, "a");
  CHECK_FALSE(store.merge(s, run, refused));
  CHECK(refused == 1);
}

}  // namespace vmoat
