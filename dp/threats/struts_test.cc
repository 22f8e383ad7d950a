#include <doctest/doctest.h>

#include "threats/hearing.h"

namespace vmoat {

namespace {

std::string with_type(const std::string& type) {
  return "POST /upload.action HTTP/1.1\r\nHost: shop\r\nContent-Type: " + type +
         "\r\nContent-Length: 0\r\n\r\n";
}

std::string with_xml(const std::string& xml) {
  return "POST /orders/3 HTTP/1.1\r\nContent-Type: application/xml\r\nContent-Length: " +
         std::to_string(xml.size()) + "\r\n\r\n" + xml;
}

}  // namespace

TEST_CASE("struts: OGNL in Content-Type, file names, paths, parameters, and object graphs in XML") {
  check_raised("struts", "http",
               {{true, with_type("%{(#_='multipart/form-data').(#dm=@ognl.OgnlContext@DEFAULT_MEMBER_ACCESS)."
                                 "(#cmd='id').(#p=new java.lang.ProcessBuilder(#cmd))}")}});
  check_raised("struts", "http",
               {{true, with_type("${#context['com.opensymphony.xwork2.dispatcher.HttpServletResponse']}")}});
  check_raised("struts", "http",
               {{true, "GET /struts/%24%7B%28111%2A222%29%7D/help.action HTTP/1.1\r\n\r\n"}});
  check_raised(
      "struts", "http",
      {{true,
        "GET /%24%7B%28%23a%3D%40java.lang.Runtime%40getRuntime%28%29%29%7D/x.action HTTP/1.1\r\n\r\n"}});
  check_raised(
      "struts", "http",
      {{true, "GET /x.action?redirect:%24%7B%23req%3D%23context.get%28%27a%27%29%7D HTTP/1.1\r\n\r\n"}});
  check_raised("struts", "http", {{true, "GET /x.action?redirect:${77*88} HTTP/1.1\r\n\r\n"}});
  check_raised("struts", "http",
               {{true,
                 "GET /x.action?('%5Cu0023_memberAccess[%5C'allowStaticMethodAccess%5C']')(a)=true "
                 "HTTP/1.1\r\n\r\n"}});
  const std::string part =
      "--b\r\nContent-Disposition: form-data; name=\"f\"; "
      "filename=\"%{(#nike='x').(#cmd='id')}\"\r\n\r\nfile\r\n--b--\r\n";
  check_raised(
      "struts", "http",
      {{true, "POST / HTTP/1.1\r\nContent-Type: multipart/form-data; boundary=b\r\nContent-Length: " +
                  std::to_string(part.size()) + "\r\n\r\n" + part}});
  check_raised(
      "struts", "http",
      {{true,
        with_xml(
            "<map><entry><jdk.nashorn.internal.objects.NativeString><is><iter "
            "class=\"javax.imageio.spi.FilterIterator\"><next class=\"java.lang.ProcessBuilder\"><command>"
            "<string>id</string></command></next></iter></is></entry></map>")}});
}

TEST_CASE("struts: other braces, templates and XML are silent") {
  check_silent("http", {{true, with_type("multipart/form-data; boundary=----x")}});
  check_silent("http", {{true, with_xml("<map><entry><string>a</string><int>1</int></entry></map>")}});
  check_silent("http", {{true, with_xml("<log>java.lang.NullPointerException</log>")}});
  for (const char* innocent :
       {"%{HOST}", "%{TIMESTAMP_ISO8601:time} %{GREEDYDATA}", "${total}", "#context menu", "100% {ok}",
        "${5 dollars}", "font: #333 {}", "redirect: /home", "%{x}i"})
    check_silent("http", {{true, get_with(innocent)}});
}

}  // namespace vmoat
