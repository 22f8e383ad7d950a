#include <doctest/doctest.h>

#include "threats/hearing.h"

namespace vmoat {

namespace {

std::vector<Said> get(const std::string& target) {
  return {{true, "GET " + target + " HTTP/1.1\r\nHost: shop\r\n\r\n"}};
}

std::vector<Said> post(const std::string& body) {
  return {
      {true,
       "POST /index.php?s=captcha HTTP/1.1\r\nHost: shop\r\nContent-Type: application/x-www-form-urlencoded"
       "\r\nContent-Length: " +
           std::to_string(body.size()) + "\r\n\r\n" + body}};
}

}  // namespace

TEST_CASE("ThinkPHP: a class of the framework's called by its name") {
  const std::string query = "&function=call_user_func_array&vars[0]=phpinfo&vars[1][]=1";
  for (const std::string& route :
       {R"(/index.php?s=/Index/\think\app/invokefunction)",
        R"(/index.php?s=/index/%5Cthink%5Capp/invokefunction)", R"(/?s=index/think\app/invokefunction)",
        R"(/public/?S=.|think\config/get&name=database.password)",
        R"(/?s=index/\think\Request/input&filter[]=phpinfo)",
        R"(/?s=index/\think\template\driver\file/write)",
        R"(/index.php/index/\think\Container/invokefunction?a=b)",
        R"(/index.php/Index/%5cTHINK%5cApp/invokeFunction?a)"}) {
    const std::string target = route + query;
    CAPTURE(target);
    check_raised("thinkphp", "http", get(target));
  }
}

TEST_CASE("ThinkPHP: the request constructed from the request") {
  check_raised("thinkphp", "http",
               post("_method=__construct&filter[]=system&method=get&server[REQUEST_METHOD]=id"));
  check_raised("thinkphp", "http", post("c=exec&f=id&%5Fmethod=%5F%5FCONSTRUCT"));
}

TEST_CASE("ThinkPHP: ordinary routes, overridden methods and words about it are silent") {
  for (const char* target :
       {"/index.php?s=/index/user/login", "/?s=think", "/?s=what%20do%20you%20think%5Cor%20not",
        "/?s=rethink\\app/x", "/?s=think\\about/it", "/?s=think\\app", "/?s=think/app/invoke",
        "/?q=how+does+think\\app/invokefunction+work", "/blog/think/app/invokefunction",
        "/docs/php/__construct", "/?s=\\Think", "/C:\\think\\notes/a"}) {
    CAPTURE(target);
    check_silent("http", get(target));
  }
  for (const char* body : {"_method=PUT&name=a", "_method=DELETE", "method=__construct", "name=__construct",
                           "text=the \\think\\app/invokefunction hole", "s=index/\\think\\app/invokefunction",
                           "_method=__constructor", "filter[]=system"}) {
    CAPTURE(body);
    check_silent("http", post(body));
  }
}

}  // namespace vmoat
