// A server's own X.509 certificate (RFC 5280) as far as an operator asks: who it is, who says so, which names
// it is for, and until when.
#pragma once

#include "apps/application.h"

namespace vmoat {

/** Notes tls.subject, tls.issuer, tls.names and tls.expires as far as the DER goes; what is malformed is left
 * out. */
void note_certificate(Bytes der, Findings& findings);

}  // namespace vmoat
