// fuzz_seeds DIRECTORY: writes the samples of the recognisers' tests as seeds, DIRECTORY/app-NAME/SAMPLE and
// DIRECTORY/content-NAME/SAMPLE, and some attacks.
#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>

#include <cctype>
#include <cstdio>
#include <filesystem>
#include <fstream>

#include "apps/samples.h"
#include "threats/content/content.h"

namespace {

namespace fs = std::filesystem;

std::string file_name(std::string name) {
  for (char& c : name)
    if (!std::isalnum(static_cast<unsigned char>(c))) c = '-';
  return name;
}

bool write(const fs::path& folder, const std::string& name, const std::string& seed) {
  std::error_code failure;
  fs::create_directories(folder, failure);
  std::ofstream file(folder / file_name(name), std::ios::binary);
  file << seed;
  return file.flush().good();
}

/** What an end says, as fuzz/content_input.h reads it. */
std::string piece(bool client, bool datagram, const std::string& bytes) {
  if (bytes.empty()) return {};
  return static_cast<char>((client ? 1 : 0) | (datagram ? 2 : 0)) + vmoat::be16(bytes.size()) + bytes;
}

std::string conversation(const vmoat::Sample& sample) {
  const bool datagram = sample.transport == vmoat::over_udp;
  return piece(true, datagram, sample.client) + piece(false, datagram, sample.server);
}

/** Of every kind of place and trick one. */
const std::string requests[] = {
    "GET /?id=1%27%20UNION%20SELECT%201,2--%20&b=${${lower:j}ndi:ldap://a}&c=%3Cimg%20onerror=alert(1)%3E "
    "HTTP/1.1\r\n"
    "Cookie: a=b; c=../../etc/passwd\r\nUser-Agent: () { :;}; id\r\n\r\n",
    "POST /%2e%2e/x?class.module.classLoader.a=1 HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Type: "
    "application/json\r\n\r\n9\r\n{\"a\":\"\\u0\r\n6\r\n027\"} \r\n0\r\nT: x\r\n\r\n",
    "POST / HTTP/1.1\r\nContent-Type: multipart/form-data; boundary=b\r\nContent-Length: 78\r\n\r\n--b\r\n"
    "Content-Disposition: form-data; name=\"f\"; filename=\"%{(#a=1)}\"\r\n\r\nx\r\n--b--\r\n",
    "POST / HTTP/1.1\r\nContent-Length: -1\r\nTransfer-Encoding : chunked\r\n\r\n",
    "POST / HTTP/1.1\r\nContent-Type: text/xml\r\nContent-Length: "
    "40\r\n\r\n<map><entry>java.lang.ProcessBuilder</a>\r\n"};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return std::fprintf(stderr, "usage: fuzz_seeds DIRECTORY\n"), 2;
  const fs::path root = argv[1];
  size_t written = 0, failed = 0;
  vmoat::each_sample([&](const vmoat::Application& app, const vmoat::Sample& sample) {
    const auto seed = [&](const std::string& folder, const std::string& bytes) {
      (write(root / folder, sample.name, bytes) ? written : failed)++;
    };
    seed("app-" + std::string(app.name), vmoat::write_opening(vmoat::opening_of(sample)));
    if (vmoat::splitter_of(app.name) >= 0) seed("content-" + std::string(app.name), conversation(sample));
  });
  for (size_t i = 0; i < std::size(requests); i++)
    (write(root / "content-http", "attack " + std::to_string(i), piece(true, false, requests[i])) ? written
                                                                                                  : failed)++;
  std::printf("%zu seeds written, %zu failed\n", written, failed);
  return failed == 0 ? 0 : 1;
}
