#include <doctest/doctest.h>

#include "apps/sample.h"

namespace vmoat {

extern const std::vector<Sample> http_samples;
const std::vector<Sample> http_samples = {
    {.name = "get",
     .client =
         "GET /index.html?q=secret HTTP/1.1\r\nHost: www.example.org\r\nUser-Agent: curl/7.88.1\r\n\r\n",
     .server = "HTTP/1.1 200 OK\r\nServer: nginx/1.22.1\r\nContent-Length: 0\r\n\r\n",
     .server_port = 80,
     .server_alone = true},
    {.name = "post on a strange port",
     .client = "POST /api HTTP/1.0\r\nContent-Length: 2\r\n\r\n{}",
     .server = "HTTP/1.0 404 Not Found\r\n\r\n",
     .server_port = 5432,
     .server_alone = true},
    {.name = "webdav with blank lines before",
     .client = "\r\n\r\nPROPFIND / HTTP/1.1\r\nHost: a\r\n\r\n",
     .server = "HTTP/1.1 207\r\n\r\n",
     .server_port = 8080,
     .server_alone = true},
    {.name = "connect",
     .client = "CONNECT db.example.org:443 HTTP/1.1\r\nHost: db.example.org:443\r\n\r\n",
     .server = "HTTP/1.1 407 Proxy Authentication Required\r\n\r\n",
     .server_port = 3128,
     .server_alone = true},
    {.name = "midstream, behind the rest of a body",
     .client = "rest of a form\r\n\r\nGET /next HTTP/1.1\r\nHost: x\r\n\r\n",
     .server = "</body>\r\nHTTP/1.1 200 OK\r\nServer: Apache\r\n\r\n",
     .server_port = 80,
     .server_alone = true,
     .midstream = true},
};

TEST_CASE("http: facts of request and response, the path without its query") {
  const Answer answer = ask("http", http_samples[0]);
  CHECK(answer.noted.facts.at(Fact::http_method) == "GET");
  CHECK(answer.noted.facts.at(Fact::http_path) == "/index.html");
  CHECK(answer.noted.facts.at(Fact::http_host) == "www.example.org");
  CHECK(answer.noted.facts.at(Fact::http_user_agent) == "curl/7.88.1");
  CHECK(answer.noted.facts.at(Fact::http_status) == "200");
  CHECK(answer.noted.facts.at(Fact::http_server) == "nginx/1.22.1");
  CHECK_FALSE(answer.noted.is_unfinished);
}

TEST_CASE("http: inner layers") {
  const auto layers = [](const std::string& request, const std::string& response) {
    return ask("http", Sample{.name = "", .client = request, .server = response}).noted.layers;
  };
  const std::string upgrade = "GET /chat HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
  CHECK(layers(upgrade, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n") ==
        std::vector<std::string>{"websocket"});
  CHECK(layers("GET / HTTP/1.1\r\nUpgrade: h2c\r\n\r\n", "") == std::vector<std::string>{"http2"});
  CHECK(layers("GET / HTTP/1.1\r\n\r\n", "HTTP/1.1 200 OK\r\nX-elastic-product: Elasticsearch\r\n\r\n") ==
        std::vector<std::string>{"elasticsearch"});
  CHECK(layers("POST /logs/_search HTTP/1.1\r\nContent-Type: application/json\r\n\r\n", "") ==
        std::vector<std::string>{"elasticsearch"});
  CHECK(layers("GET /couch/_search HTTP/1.1\r\n\r\n", "").empty());
  CHECK(layers("GET /a_search HTTP/1.1\r\nContent-Type: application/json\r\n\r\n", "").empty());
  CHECK(layers("GET / HTTP/1.1\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\n{\"tagline\":\"You Know, for Search\"}") ==
        std::vector<std::string>{"elasticsearch"});
  CHECK(layers("GET /v1/kv/a HTTP/1.1\r\n\r\n", "HTTP/1.1 200 OK\r\nX-Consul-Index: 7\r\n\r\n") ==
        std::vector<std::string>{"consul"});
  CHECK(layers("POST /rpc HTTP/1.1\r\nContent-Type: application/x-thrift\r\n\r\n", "") ==
        std::vector<std::string>{"thrift"});
  CHECK(layers("GET /announce?info_hash=%12&port=1 HTTP/1.1\r\n\r\n", "") ==
        std::vector<std::string>{"bittorrent"});
  CHECK(layers("GET /raft/stream HTTP/1.1\r\nX-Etcd-Cluster-ID: 1\r\n\r\n", "") ==
        std::vector<std::string>{"etcd"});
}

TEST_CASE("http: a request without a version counts with its answer") {
  const std::string request = "GET /index.html\r\n";
  CHECK(ask("http", Sample{.name = "0.9", .client = request, .server = "<HTML><body>"}).claim ==
        Claim::guess);
  CHECK(ask("http", Sample{.name = "1", .client = request, .server = "HTTP/1.1 400 Bad Request\r\n\r\n"})
            .claim == Claim::sure);
}

TEST_CASE("http: odd methods need a plain target") {
  const auto claim = [](const std::string& line) {
    return ask("http", Sample{.name = "", .client = line + "\r\nHost: a\r\n\r\n"}).claim;
  };
  CHECK(claim("get / HTTP/1.0") == Claim::sure);
  CHECK(claim("M-SEARCH * HTTP/1.1") == Claim::sure);
  CHECK(claim("BCOPY /a b HTTP/1.1") == Claim::sure);
  CHECK(claim("she said / HTTP/1.1") == Claim::no);
  CHECK(claim("we speak HTTP/1.1") == Claim::no);
}

TEST_CASE("http: waits for the response's facts") {
  Sample request = http_samples[0];
  request.server.clear();
  CHECK(ask("http", request).noted.is_unfinished);
}

TEST_CASE("http: a target longer than the window is a guess at most") {
  const Sample sample{.name = "long", .client = "GET /" + std::string(opening_bytes_max, 'a')};
  CHECK(ask("http", sample).claim == Claim::guess);
}

TEST_CASE("http: is not claimed where another protocol only looks like it") {
  check_refused(
      "http", {.name = "sip", .client = "OPTIONS sip:bob@example.org SIP/2.0\r\nVia: SIP/2.0/TCP a\r\n\r\n"});
  check_refused("http", {.name = "rtsp", .client = "DESCRIBE rtsp://a/b RTSP/1.0\r\nCSeq: 1\r\n\r\n"});
  check_refused("http", {.name = "http/2", .client = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"});
  check_refused("http", {.name = "smtp", .client = "EHLO a\r\n", .server = "220 mail ESMTP\r\n"});
  check_refused(
      "http", {.name = "answered by redis", .client = "GET / HTTP/1.1\r\n\r\n", .server = "-ERR wrong\r\n"});
  check_refused("http", {.name = "status of five digits", .server = "HTTP/1.1 20000\r\n"});
  check_refused("http", {.name = "no version", .client = "GET /\r\n"});
  check_refused("http", {.name = "prose", .client = "GET me HTTP/1.1 please\r\n"});
}

}  // namespace vmoat
