#include <doctest/doctest.h>

#include "apps/sample.h"

namespace vmoat {
namespace {

std::string key_exchange() {
  const std::string names = "curve25519-sha256,ecdh-sha2-nistp256,diffie-hellman-group14-sha256";
  return be32(0x200) + hex("06 14") + std::string(16, 'c') + be32(names.size()) + names;
}

}  // namespace

extern const std::vector<Sample> ssh_samples;
const std::vector<Sample> ssh_samples = {
    {.name = "openssh",
     .client = "SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3\r\n",
     .server = "SSH-2.0-dropbear_2022.83\r\n",
     .server_port = 22,
     .server_first = true,
     .server_alone = true,
     .symmetric = true},
    {.name = "1.99 on another port",
     .client = "SSH-1.99-PuTTY\n",
     .server = "SSH-1.99-Cisco-1.25\n",
     .server_port = 443,
     .server_alone = true,
     .symmetric = true},
    {.name = "key exchange midstream", .client = key_exchange(), .server_port = 22, .midstream = true},
};

TEST_CASE("ssh: both versions") {
  const Answer answer = ask("ssh", ssh_samples[0]);
  CHECK(answer.noted.facts.at(Fact::ssh_client) == "SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3");
  CHECK(answer.noted.facts.at(Fact::ssh_server) == "SSH-2.0-dropbear_2022.83");
  CHECK_FALSE(answer.noted.is_unfinished);
}

TEST_CASE("ssh: a server may greet first, a client may not") {
  Sample greeting = ssh_samples[0];
  greeting.server = "Authorised use only\r\nSSH-2.0-x\r\n";
  CHECK(ask("ssh", greeting).claim == Claim::sure);
  check_refused("ssh",
                {.name = "client greets", .client = "hello\r\nSSH-2.0-x\r\n", .server = "220 ftp\r\n"});
}

TEST_CASE("ssh: is not claimed for what only begins so") {
  check_refused("ssh", {.name = "no version", .client = "SSH-agent\r\n"});
  check_refused("ssh", {.name = "no software", .client = "SSH-2.0 OpenSSH\r\n"});
  check_refused("ssh", {.name = "control characters", .client = "SSH-2.0-\x01\x02\x03\r\n"});
}

}  // namespace vmoat
