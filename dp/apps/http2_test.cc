#include <doctest/doctest.h>

#include "apps/sample.h"

namespace vmoat {
namespace {

std::string frame(const std::string& type, const std::string& stream, const std::string& body) {
  return be32(body.size()).substr(1) + hex(type) + hex(stream) + body;
}
const std::string preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const std::string settings = frame("04 00", "00000000", hex("0003 00000064"));
const std::string answer =
    frame("04 00", "00000000", "") + frame("04 01", "00000000", "") + frame("01 04", "00000001", hex("88"));
std::string request(const std::string& path, const std::string& type) {
  return frame("01 04", "00000001",
               hex("83 86 04") + static_cast<char>(path.size()) + path + hex("0f10") +
                   static_cast<char>(type.size()) + type);
}
const std::string grpc_type = hex("1d75d0620d263d4c4d6564");

}  // namespace

extern const std::vector<Sample> http2_samples;
const std::vector<Sample> http2_samples = {
    {.name = "plain",
     .client = preface + settings + request("/index", "text/html"),
     .server = answer,
     .server_port = 80,
     .server_alone = true},
    {.name = "grpc",
     .client = preface + settings + request("/helloworld.Greeter/SayHello", "application/grpc"),
     .server = answer,
     .server_port = 50051,
     .server_alone = true},
    {.name = "etcd",
     .client = preface + settings + request("/etcdserverpb.KV/Range", "application/grpc"),
     .server = answer,
     .server_port = 2379,
     .server_alone = true},
    {.name = "server first",
     .client = preface + settings + request("/shop.Orders/Get", "application/grpc"),
     .server = answer,
     .server_port = 50051,
     .server_first = true,
     .server_alone = true},
    {.name = "midstream",
     .client = frame("06 00", "00000000", "12345678") + request("/a", "b"),
     .server = frame("06 01", "00000000", "12345678"),
     .server_port = 80,
     .client_alone = false,
     .midstream = true},
};

TEST_CASE("http2: grpc and etcd are layers, plain and in Huffman code") {
  CHECK(ask("http2", http2_samples[0]).noted.layers.empty());
  CHECK(ask("http2", http2_samples[1]).noted.layers == std::vector<std::string>{"grpc"});
  CHECK(ask("http2", http2_samples[2]).noted.layers == std::vector<std::string>{"grpc", "etcd"});
  Sample coded = http2_samples[0];
  coded.client = preface + settings + request(hex("60a924882d9dcb6571ff"), grpc_type);
  CHECK(ask("http2", coded).noted.layers == std::vector<std::string>{"grpc", "etcd"});
}

TEST_CASE("http2: what only mentions grpc is no layer") {
  Sample body = http2_samples[0];
  body.client = preface + settings + request("/upload?type=application/grpc", "text/html") +
                frame("00 01", "00000001", "application/grpc /etcdserverpb.KV");
  CHECK(ask("http2", body).noted.layers.empty());
}

TEST_CASE("http2: a block with padding, priority and a hostile integer") {
  Sample padded = http2_samples[0];
  const std::string block = hex("83 86 3f e11f 5f") + hex("10") + "application/grpc";
  padded.client = preface + frame("01 2c", "00000001", hex("02 00000000 0f") + block + raw("\0\0"));
  CHECK(ask("http2", padded).noted.layers == std::vector<std::string>{"grpc"});
  padded.client = preface + frame("01 04", "00000001", hex("5f ffffffffff") + "application/grpc");
  CHECK(ask("http2", padded).noted.layers.empty());
}

TEST_CASE("http2: a server's greeting and a part of the preface leave the layers to be seen") {
  Sample early = http2_samples[3];
  for (const size_t size : {size_t{0}, size_t{3}, size_t{20}}) {
    early.client = http2_samples[3].client.substr(0, size);
    const Answer answer_early = ask("http2", early);
    CHECK(answer_early.claim == Claim::sure);
    CHECK(answer_early.noted.is_unfinished);
  }
  CHECK(ask("http2", http2_samples[3]).noted.layers == std::vector<std::string>{"grpc"});
}

TEST_CASE("http2: is not claimed for other frames") {
  check_refused("http2", {.name = "http 1", .client = "PRI * HTTP/1.1\r\n\r\n"});
  check_refused("http2", {.name = "settings of five", .server = hex("000005 04 00 00000000 0102030405")});
  check_refused("http2", {.name = "answer of another",
                          .client = preface + settings,
                          .server = "HTTP/1.1 400 Bad Request\r\n\r\n"});
}

}  // namespace vmoat
