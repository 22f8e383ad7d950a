// The registry: every application that vmoat knows (list.h), then names that are inner layers only.
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
      {"nfs", 0, {}, nullptr},    // programs of rpc
      {"grpc", 0, {}, nullptr},   // http2
      {"etcd", 0, {}, nullptr},   // grpc and http
      {"elasticsearch", 0, {}, nullptr},  // http
  };
  // clang-format on
#undef ENTRY
  static_assert(std::size(all) <= 64);
  return all;
}

}  // namespace vmoat
