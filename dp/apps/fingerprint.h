// Fingerprints of a TLS client's hello: JA3 (Althouse, Atkinson, Atkins 2017) and JA4 (FoxIO 2023,
// BSD-3-Clause; JA4 for TLS clients only). GREASE values (RFC 8701) do not count in either.
#pragma once

#include <array>

#include "apps/tls_hello.h"

namespace vmoat {

using Ja3 = std::array<char, 32>;
using Ja4 = std::array<char, 36>;

Ja3 ja3_of(const ClientHello& hello);
/** `over`: 't' for TCP, 'q' for QUIC. */
Ja4 ja4_of(const ClientHello& hello, char over);

}  // namespace vmoat
