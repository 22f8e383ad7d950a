#include <doctest/doctest.h>

#include "threats/hearing.h"

namespace vmoat {

namespace {

std::vector<Said> with_agent(const std::string& agent) {
  return {{true, "GET / HTTP/1.1\r\nHost: shop\r\nUser-Agent: " + agent + "\r\nAccept: */*\r\n\r\n"}};
}

}  // namespace

TEST_CASE("web scanner: tools that say who they are") {
  for (const char* agent :
       {"Mozilla/5.00 (Nikto/2.1.6) (Evasions:None) (Test:map_codes)",
        "sqlmap/1.7.2#stable (https://sqlmap.org)",
        "Mozilla/5.0 (compatible; Nmap Scripting Engine; https://nmap.org/book/nse.html)",
        "masscan/1.3 (https://github.com/robertdavidgraham/masscan)", "Mozilla/5.0 zgrab/0.x",
        "gobuster/3.1.0",
        "DirBuster-1.0-RC1 (http://www.owasp.org/index.php/Category:OWASP_DirBuster_Project)",
        "WPScan v3.8.22 (https://wpscan.com/wordpress-security-scanner)", "feroxbuster/2.7.0",
        "Nuclei - Open-source project (github.com/projectdiscovery/nuclei)", "Fuzz Faster U Fool v1.5.0-dev",
        "Mozilla/5.0 [en] (X11, U; OpenVAS-VT 22.4.1)", "Wfuzz/3.1.0", "WhatWeb/0.5.5", "w3af.org",
        "Arachni/v1.5.1", "commix/v3.4-stable (https://commixproject.com)"}) {
    CAPTURE(agent);
    check_raised("web-scanner", "http", with_agent(agent));
  }
}

TEST_CASE("web scanner: a later request of the connection, a name in another case, a head in LF") {
  const auto later = [](const std::string& agent) {
    return "GET / HTTP/1.1\r\nHost: a\r\nUSER-AGENT:" + agent + "\r\n\r\n";
  };
  check_raised("web-scanner", "http", {{true, later("curl/7.88.1") + later("SQLMAP/1.7")}});
  check_raised("web-scanner", "http", {{true, "GET / HTTP/1.0\nuser-agent: gobuster/3.6\n\n"}});
}

TEST_CASE("web scanner: browsers, crawlers and words that only look like tools are silent") {
  for (const char* agent : {"Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
                            "curl/7.88.1",
                            "python-requests/2.31.0",
                            "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
                            "MyNikto/2.0",
                            "niktoblog/1.0",
                            "Mozilla/5.0 (compatible; Reader/1.0; +https://example.com/sqlmap/1.html)",
                            "nmap",
                            "Nmap-Book-Reader/2",
                            "masscan reports viewer",
                            "fuzz/1.0",
                            "Fuzz Faster",
                            "nuclei/1.0",
                            "projectdiscovery",
                            "notes-on-sqlmap/1",
                            "a.zgrab/0.x",
                            "nikto",
                            "sqlmap/",
                            "wpscan v",
                            "wpscan 3",
                            ""}) {
    CAPTURE(agent);
    check_silent("http", with_agent(agent));
  }
  check_silent("http",
               {{true, "GET /?q=sqlmap/1.7 HTTP/1.1\r\nHost: a\r\nReferer: http://b/nikto/2.1\r\n\r\n"}});
  check_silent("http", {{true, "GET / HTTP/1.1\r\nHost: a\r\n\r\n"},
                        {false, "HTTP/1.1 200 OK\r\nUser-Agent: sqlmap/1.7\r\nContent-Length: 0\r\n\r\n"}});
  check_silent("http",
               {{true, "POST / HTTP/1.1\r\nContent-Length: 26\r\n\r\nUser-Agent: sqlmap/1.7\r\n\r\n"}});
}

}  // namespace vmoat
