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
constexpr const char* in_query_and_head =
    "GET /?id=1%27%20UNION%20SELECT%201,2--%20&b=${${lower:j}ndi:ldap://a}&c=%3Cimg%20onerror=alert(1)%3E "
    "HTTP/1.1\r\n"
    "Cookie: a=b; c=../../etc/passwd\r\nUser-Agent: () { :;}; id\r\n\r\n";
constexpr const char* in_path_and_chunks =
    "POST /%2e%2e/x?class.module.classLoader.a=1 HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Type: "
    "application/json\r\n\r\n9\r\n{\"a\":\"\\u0\r\n6\r\n027\"} \r\n0\r\nT: x\r\n\r\n";
constexpr const char* in_file_name =
    "POST / HTTP/1.1\r\nContent-Type: multipart/form-data; boundary=b\r\nContent-Length: 78\r\n\r\n--b\r\n"
    "Content-Disposition: form-data; name=\"f\"; filename=\"%{(#a=1)}\"\r\n\r\nx\r\n--b--\r\n";
constexpr const char* in_xml =
    "POST / HTTP/1.1\r\nContent-Type: text/xml\r\nContent-Length: "
    "40\r\n\r\n<map><entry>java.lang.ProcessBuilder</a>\r\n";
const std::string requests[] = {
    in_query_and_head, in_path_and_chunks, in_file_name,
    "POST / HTTP/1.1\r\nContent-Length: -1\r\nTransfer-Encoding : chunked\r\n\r\n", in_xml};

/** Tables, then a question from group 3 to 4 and one from an address with a name, as fuzz/policy_input.h
 * reads them. */
const std::string policies[] = {
    "g3\na10.0.0.0/8\na2001:db8::1-2001:db8::ff\nn*.example.org\ng2\ne10.0.0.1\nr341\nptcp/80-90\nla/b\n"
    "r000\npicmp/3/4\npproto/47\nla\nr430\npany\n" +
        std::string("\0\x03\x04\x06\x00\x50\x9c\x40\x06\x01\x02\x00", 12) +
        std::string("\x8d\0\0\0\0\0\0\0\0\0\0\xff\xff\x0a\0\0\x02"
                    "a.example.org",
                    30) +
        std::string("\x04\x01\x03\x04\x00\x00\x0c\x01\x00\x00", 10),
    "n*\n", "g1\na10.0.0.0/33\n", "r00\nptcp/65536\n"};

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
  for (size_t i = 0; i < std::size(policies); i++)
    (write(root / "policy", "tables " + std::to_string(i), policies[i]) ? written : failed)++;
  std::printf("%zu seeds written, %zu failed\n", written, failed);
  return failed == 0 ? 0 : 1;
}
