// The registry: every application that vmoat knows (list.h), then names that are inner layers only.
#include <algorithm>

#include "apps/application.h"
#include "apps/list.h"

namespace vmoat {

#define DECLARE(name) extern const Application name##_application;
EACH_APPLICATION(DECLARE)
#undef DECLARE

std::span<const Application> applications() {
#define ENTRY(name) name##_application,
  // clang-format off
  static const Application all[] = {
      EACH_APPLICATION(ENTRY)
      {"https", 0, {}, nullptr},  // tls with ALPN h2 or http/1.1
      {"ftp-data", 0, {}, nullptr},  // announced by ftp
      {"h3", 0, {}, nullptr},    // quic and tls by ALPN
      {"dot", 0, {}, nullptr},
      {"doq", 0, {}, nullptr},
      {"nfs", 0, {}, nullptr},    // programs of rpc
      {"grpc", 0, {}, nullptr},   // http2
      {"etcd", 0, {}, nullptr},   // grpc and http
      {"ndpi", 0, {}, nullptr},   // what nDPI names, its name behind this one
  };
  // clang-format on
#undef ENTRY
#define ONE(name) 0,
  constexpr char recognisers[] = {EACH_APPLICATION(ONE)};
  static_assert(sizeof recognisers <= 64, "a session's candidates are one word");
#undef ONE
  return all;
}

bool is_read_to_its_end(std::string_view application) {
  return std::ranges::any_of(
      applications(), [&](const Application& a) { return a.name == application && a.goes_on != nullptr; });
}

}  // namespace vmoat
