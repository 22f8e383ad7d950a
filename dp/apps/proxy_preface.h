// PROXY protocol: what a load balancer says before a client's stream, whose it is (HAProxy's
// proxy-protocol.txt, versions 1 and 2). It belongs to no application: recognisers and threats are shown what
// follows.
#pragma once

#include <arpa/inet.h>

#include <array>

#include "apps/application.h"

namespace vmoat {

struct ProxyPreface {
  Claim claim = Claim::no;  // `more`: as far as it came; `sure`: whole
  size_t bytes = 0;         // of a whole one
  std::array<char, INET6_ADDRSTRLEN> text{};

  /** The client's address; empty where none is told (LOCAL, UNKNOWN, a Unix socket). */
  [[nodiscard]] std::string_view client() const { return text.data(); }
};

/** At the front of what the client says. One that is longer than an opening is none. */
ProxyPreface read_proxy_preface(Bytes client);

}  // namespace vmoat
