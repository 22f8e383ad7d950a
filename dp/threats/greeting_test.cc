// ssh-v1 and mysql-access-denied.
#include <doctest/doctest.h>

#include "threats/hearing.h"

namespace vmoat {

TEST_CASE("ssh-v1: either end that speaks nothing newer") {
  check_raised("ssh-v1", "ssh", {{false, "SSH-1.5-OpenSSH_3.0\n"}});
  check_raised("ssh-v1", "ssh", {{false, "SSH-1.99-OpenSSH_3.0\n"}, {true, "SSH-1.5-PuTTY\n"}});
  check_silent("ssh", {{false, "SSH-2.0-OpenSSH_9.2p1\r\n"}, {true, "SSH-2.0-Go\r\n"}});
  check_silent("ssh", {{false, "SSH-1.99-Cisco-1.25\r\n"}, {true, "SSH-2.0-Go\r\n"}});
}

TEST_CASE("mysql-access-denied: again and again, not a mistyped password") {
  const auto refused = [](int times, std::string_view application) {
    Hearing hearing("mysql-access-denied");
    for (int i = 0; i < times; i++) hearing.login({application, "Access denied for user 'root'@'192.0.2.1'"});
    return hearing.evidence.size();
  };
  CHECK(refused(5, "mysql") > 0);
  CHECK(refused(2, "mysql") == 0);
  CHECK(refused(9, "postgresql") == 0);
}

}  // namespace vmoat
