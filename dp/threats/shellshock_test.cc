#include <doctest/doctest.h>

#include "threats/hearing.h"

namespace vmoat {

TEST_CASE("shellshock: a function definition as a field") {
  for (const char* field : {"User-Agent: () { :;}; echo; /bin/id", "Referer: () { _; } >_[$($())] { id; }",
                            "Cookie: () { :; }; ping", "X-Any: (){ :;};ping -c 1 a.example"})
    check_raised("shellshock", "http",
                 {{true, std::string("GET /cgi-bin/x HTTP/1.1\r\n") + field + "\r\n\r\n"}});
}

TEST_CASE("shellshock: other brackets are silent") {
  for (const char* field : {"User-Agent: Mozilla/5.0 (X11) {x}", "X-Code: f() { return 1 }",
                            "X-Json: {\"a\":\"()\"}", "X-Empty: ()"})
    check_silent("http", {{true, std::string("GET / HTTP/1.1\r\n") + field + "\r\n\r\n"}});
}

}  // namespace vmoat
