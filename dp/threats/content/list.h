// The list of splitters: one line each, NAME standing for NAME.cc, which defines NAME_splitter.
#pragma once

#define EACH_SPLITTER(X) \
  X(http)                \
  X(dns)                 \
  X(tls)                 \
  X(ssh)                 \
  X(mysql)               \
  X(postgresql)          \
  X(redis)               \
  X(tds)                 \
  X(mongodb)             \
  X(ldap)                \
  X(vnc)                 \
  X(ftp)                 \
  X(smtp)                \
  X(imap)                \
  X(pop3)
