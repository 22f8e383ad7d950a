#include <doctest/doctest.h>

#include "threats/hearing.h"

namespace vmoat {

TEST_CASE("code injection: code that would run") {
  for (const char* value : {"'.passthru($HTTP_GET_VARS[rush]).'", "1;system('id');", "${@phpinfo()}",
                            "{${eval($_POST[x])}}", "a\".shell_exec(\"id\").\"", "@assert($_REQUEST['c'])",
                            "<?php echo 1;", "x'.call_user_func('system','id').'"})
    check_raised("code-injection", "http", {{true, get_with(value)}});
}

TEST_CASE("code injection: objects and callbacks") {
  check_raised("code-injection", "http",
               {{true, get_with("O:12:\"vB_dB_Result\":2:{s:5:\"\";O:1:\"a\":0:{}}")}});
  check_raised(
      "code-injection", "http",
      {{true, "POST /?q=user/password&name[%23post_render][]=passthru HTTP/1.1\r\nHost: a\r\n\r\n"}});
}

TEST_CASE("code injection: words about code are silent") {
  for (const char* value :
       {"how to use system() in C", "exec('ls') in php", "passthru", "f(x) = x; g(x)", "a:1:{i:0;i:1;}",
        "print (draft)", "std::system(command)", "O:K: fine", "evaluate(1)", "the (system) is down",
        "PHP's assert() and eval()", "R&D; (exec) summary"}) {
    check_silent("http", {{true, get_with(value)}});
    check_silent("http", {{true, post_with(value)}});
  }
  check_silent("http", {{true, post_with("<?php echo 1; ?> prints 1")}});
  check_silent("http", {{true, "GET /manual-lookup?function=strlen HTTP/1.1\r\nHost: a\r\n\r\n"}});
}

}  // namespace vmoat
