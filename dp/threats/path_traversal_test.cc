#include <doctest/doctest.h>

#include "threats/hearing.h"

namespace vmoat {

TEST_CASE("path-traversal: paths and parameters that climb, however they are written") {
  for (const char* target : {"/../../../../etc/passwd",
                             "/static/../../../etc/passwd",
                             "/cgi-bin/.%2e/.%2e/.%2e/bin/sh",
                             "/a/%2e%2e/%2e%2e/x",
                             "/..%5c..%5cwindows%5cwin.ini",
                             "/%c0%ae%c0%ae/%c0%ae%c0%ae/etc/passwd",
                             "/..%252f..%252f..%252fetc/passwd",
                             "/icons/.%%32%65/.%%32%65/x",
                             "/images/..;/..;/manager/html",
                             "/....//....//....//etc/passwd",
                             "/get?file=../../../../etc/passwd",
                             "/get?file=....//....//etc/passwd",
                             "/get?file=..%2f..%2f..%2fboot.ini",
                             "/get?file=../../../../etc/passwd%00.png",
                             "/get?file=%2e%2e%2f%2e%2e%2fsecret",
                             "/get?file=/etc/passwd",
                             "/get?file=file:///etc/shadow",
                             "/get?page=php://filter/convert.base64-encode/resource=index",
                             "/get?file=..\\..\\..\\windows\\win.ini",
                             "/get?x=../../../../../../proc/self/environ"})
    check_raised("path-traversal", "http",
                 {{true, std::string("GET ") + target + " HTTP/1.1\r\nHost: a\r\n\r\n"}});
}

TEST_CASE("path-traversal: links, versions and words are silent") {
  for (const char* target :
       {"/a/b/../c.css", "/a/./b", "/v1..2/x", "/...", "/x?next=../index", "/x?src=../../images/a.png",
        "/x?q=what+is+/etc/passwd", "/x?range=1..5", "/api/projects/group%2Fproject/files/a%2Eb",
        "/x?path=/var/www/html", "/x?q=a/../b", "/x?url=https://a.example/../b", "/x?file=etc/hosts.txt",
        "/a.b/c.d", "/x?import=../../../lib/util.js"})
    check_silent("http", {{true, std::string("GET ") + target + " HTTP/1.1\r\nHost: a\r\n\r\n"}});
}

}  // namespace vmoat
