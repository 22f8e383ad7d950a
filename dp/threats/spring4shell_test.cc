#include <doctest/doctest.h>

#include "threats/hearing.h"

namespace vmoat {

TEST_CASE("spring4shell: names that reach the class loader") {
  for (const char* name :
       {"class.module.classLoader.resources.context.parent.pipeline.first.pattern",
        "class.module.classLoader.URLs[0]", "class.classLoader.defaultAssertionStatus",
        "user.class.module.classLoader.x", "Class.Module.ClassLoader.x", "class%2Emodule%2EclassLoader.x",
        "class[module][classLoader][x]", "class.protectionDomain.codeSource"}) {
    check_raised("spring4shell", "http", {{true, std::string("GET /?") + name + "=1 HTTP/1.1\r\n\r\n"}});
    const std::string body = std::string(name) + "=%25%7Bc2%7Di";
    check_raised(
        "spring4shell", "http",
        {{true, "POST / HTTP/1.1\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: " +
                    std::to_string(body.size()) + "\r\n\r\n" + body}});
  }
}

TEST_CASE("spring4shell: classes of other kinds are silent") {
  for (const char* query : {"class=first", "class.name=x", "css.class=wide", "className=x",
                            "subclass.classLoader=x", "q=class.module.classLoader", "module.class=1"})
    check_silent("http", {{true, std::string("GET /?") + query + " HTTP/1.1\r\n\r\n"}});
}

}  // namespace vmoat
