// Offline runs: files whole, broken and compressed.
#include "engine/offline.h"

#include <doctest/doctest.h>
#include <unistd.h>
#include <zlib.h>

#include <fstream>

#include "engine/test_pipeline.h"

namespace vmoat::test {

namespace {

Buffer le32(uint32_t v) {
  return {static_cast<uint8_t>(v), static_cast<uint8_t>(v >> 8), static_cast<uint8_t>(v >> 16),
          static_cast<uint8_t>(v >> 24)};
}
Buffer pcap_of(int packets) {
  Buffer b = hex("d4c3b2a1 0200 0400 00000000 00000000 ffff0000 01000000");
  for (int i = 0; i < packets; i++) {
    const Buffer frame = ethernet(0x0800, ipv4(17, udp(1000, 2000, text("x"))));
    const auto size = static_cast<uint32_t>(frame.size());
    b = b + le32(1'700'000'000) + le32(static_cast<uint32_t>(i)) + le32(size) + le32(size) + frame;
  }
  return b;
}

/** A file that is gone when the test is. */
struct File {
  std::string path = "/tmp/vmoat-offline-test." + std::to_string(getpid());
  explicit File(const Buffer& bytes) {
    std::ofstream(path, std::ios::binary)
        .write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  }
  ~File() { unlink(path.c_str()); }
};

struct Run {
  Notebook notes;
  Result<OfflineSummary> summary;
  explicit Run(const std::string& path)
      : summary(run_offline(path, {.pipeline = small_options()}, [this](Bytes b) { notes.flows(b); })) {}
};

}  // namespace

TEST_CASE("a file's flows and summary") {
  File file(pcap_of(100));
  Run run(file.path);
  REQUIRE(run.summary);
  CHECK(run.summary->frames == 100);
  CHECK(run.summary->flows == 1);
  CHECK(run.summary->bytes == pcap_of(100).size());
  CHECK_FALSE(run.summary->broken);
  CHECK(run.notes.flow.at(0).packets[0] == 100);
  CHECK(run.notes.flow.at(0).first_ns == 1'700'000'000'000'000'000);
}

TEST_CASE("a broken file gives what could be read and says where it breaks") {
  Buffer bytes = pcap_of(3);
  const size_t record = 16 + 43;
  bytes.resize(bytes.size() - 5);
  File file(bytes);
  Run run(file.path);
  REQUIRE(run.summary);
  CHECK(run.summary->frames == 2);
  REQUIRE(run.summary->broken);
  CHECK(run.summary->broken->offset == 24 + 2 * record);
  CHECK(run.summary->broken->reason == "a record is cut off");
  CHECK(run.notes.flow.at(0).packets[0] == 2);
}

TEST_CASE("a compressed file") {
  const std::string path = "/tmp/vmoat-offline-test-gz." + std::to_string(getpid());
  const Buffer bytes = pcap_of(1000);
  gzFile out = gzopen(path.c_str(), "wb");
  gzwrite(out, bytes.data(), static_cast<unsigned>(bytes.size()));
  gzclose(out);
  Run run(path);
  unlink(path.c_str());
  REQUIRE(run.summary);
  CHECK(run.summary->frames == 1000);
  CHECK_FALSE(run.summary->broken);
}

TEST_CASE("a file that is no capture, or not there") {
  File file(text("hello, this is no capture file"));
  CHECK_FALSE(Run(file.path).summary);
  CHECK_FALSE(Run("/nonexistent/file").summary);
  CHECK_FALSE(Run("/tmp").summary);
  File empty({});
  CHECK_FALSE(Run(empty.path).summary);
}

}  // namespace vmoat::test
