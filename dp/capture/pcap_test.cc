// Capture files: both formats, byte orders and resolutions; files that lie or end early.
#include <doctest/doctest.h>
#include <unistd.h>
#include <zlib.h>

#include <array>
#include <fstream>
#include <string>
#include <vector>

#include "capture/capture_file.h"

namespace vmoat {

namespace {

/** Writes numbers in a file's byte order. */
struct Writer {
  std::vector<uint8_t> bytes;
  bool big = false;

  Writer& number(uint64_t v, int size) {
    for (int i = 0; i < size; i++) bytes.push_back(static_cast<uint8_t>(v >> 8 * (big ? size - 1 - i : i)));
    return *this;
  }
  Writer& u16(uint32_t v) { return number(v, 2); }
  Writer& u32(uint32_t v) { return number(v, 4); }
  Writer& raw(std::string_view s) {
    bytes.insert(bytes.end(), s.begin(), s.end());
    return *this;
  }
  Writer& pcap(uint32_t magic = 0xa1b2c3d4, uint32_t link = 1) {
    return u32(magic).u16(2).u16(4).u32(0).u32(0).u32(65535).u32(link);
  }
  Writer& record(uint32_t s, uint32_t fraction, std::string_view data, uint32_t length) {
    return u32(s).u32(fraction).u32(static_cast<uint32_t>(data.size())).u32(length).raw(data);
  }
  Writer& block(uint32_t type, const Writer& body) {
    const auto size = static_cast<uint32_t>(body.bytes.size() + 3) & ~3u;
    u32(type).u32(size + 12);
    bytes.insert(bytes.end(), body.bytes.begin(), body.bytes.end());
    bytes.resize(bytes.size() + size - body.bytes.size());
    return u32(size + 12);
  }
  [[nodiscard]] Writer body() const { return {.bytes = {}, .big = big}; }
  Writer& section() { return block(0x0a0d0d0a, body().u32(0x1a2b3c4d).u16(1).u16(0).number(~0ull, 8)); }
  Writer& interface(uint32_t link, uint32_t snap = 0) { return block(1, body().u16(link).u16(0).u32(snap)); }
  Writer& enhanced(uint32_t number_of_interface, uint64_t ticks, std::string_view data, uint32_t captured) {
    return block(6, body()
                        .u32(number_of_interface)
                        .u32(static_cast<uint32_t>(ticks >> 32))
                        .u32(static_cast<uint32_t>(ticks))
                        .u32(captured)
                        .u32(captured)
                        .raw(data));
  }
};

struct Seen {
  std::string data;
  int64_t time_ns;
  uint32_t length, segment;
  LinkType link;
};
struct Read {
  std::vector<Seen> frames;
  std::optional<BrokenAt> broken;
  std::string error;
};

Read read_path(const std::string& path) {
  Read out;
  auto file = open_capture(path);
  if (!file) return out.error = file.error().what, out;
  std::array<Frame, 3> batch;
  for (size_t n = (*file)->read(batch); n > 0; n = (*file)->read(batch))
    for (size_t i = 0; i < n; i++) {
      const Frame& f = batch[i];
      out.frames.push_back({std::string(as_text(f.bytes)), f.time_ns, f.length, f.segment, f.link});
    }
  out.broken = (*file)->broken();
  return out;
}

Read read(const std::vector<uint8_t>& bytes) {
  const std::string path = "/tmp/vmoat-pcap-test." + std::to_string(getpid());
  std::ofstream(path, std::ios::binary)
      .write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  Read out = read_path(path);
  unlink(path.c_str());
  return out;
}

}  // namespace

TEST_CASE("pcap in both byte orders and resolutions") {
  for (bool big : {false, true}) {
    for (uint32_t magic : {0xa1b2c3d4u, 0xa1b23c4du}) {
      Writer w{.bytes = {}, .big = big};
      w.pcap(magic, 113).record(7, 5, "hello", 60).record(8, 0, "", 0);
      const Read r = read(w.bytes);
      REQUIRE(r.frames.size() == 2);
      CHECK(r.frames[0].data == "hello");
      CHECK(r.frames[0].time_ns == 7'000'000'000 + (magic == 0xa1b2c3d4u ? 5000 : 5));
      CHECK(r.frames[0].length == 60);
      CHECK(r.frames[0].link == LinkType::cooked);
      CHECK_FALSE(r.broken);
    }
  }
}

TEST_CASE("pcap cut anywhere gives its whole records and the offset of the next") {
  Writer w;
  w.pcap().record(1, 0, "first", 5).record(2, 0, "second", 6);
  for (size_t n = 24; n < w.bytes.size(); n++) {
    const Read r = read({w.bytes.begin(), w.bytes.begin() + static_cast<ptrdiff_t>(n)});
    const bool whole = n == 24 || n == 24 + 21;
    CHECK(r.frames.size() == (n < 24 + 21 ? 0 : 1));
    CHECK(r.broken.has_value() != whole);
    if (r.broken) CHECK(r.broken->offset == (n < 24 + 21 ? 24 : 24 + 21));
  }
  CHECK_FALSE(read({w.bytes.begin(), w.bytes.begin() + 20}).error.empty());
}

TEST_CASE("a pcap record of an absurd length is the end") {
  Writer w;
  w.pcap().record(1, 0, "first", 5).u32(0).u32(0).u32(0xfffffff0).u32(1);
  const Read r = read(w.bytes);
  CHECK(r.frames.size() == 1);
  REQUIRE(r.broken);
  CHECK(r.broken->offset == 24 + 21);
}

TEST_CASE("pcapng: interfaces, resolutions, all packet blocks") {
  for (bool big : {false, true}) {
    Writer w{.bytes = {}, .big = big};
    w.section().interface(1, 4);
    w.block(1, w.body().u16(101).u16(0).u32(0).u16(9).u16(1).raw(std::string("\x09\0\0\0", 4)).u16(0).u16(0));
    w.enhanced(0, 1'700'000'000'000'005, "hello", 5);
    w.enhanced(1, 1'700'000'000'000'000'005, "raw", 3);
    w.block(3, w.body().u32(9).raw("simp"));
    w.block(2, w.body().u16(1).u16(0).u32(0).u32(77).u32(3).u32(9).raw("old"));
    w.block(0x99, w.body().u32(1));  // unknown blocks are passed over
    const Read r = read(w.bytes);
    REQUIRE(r.frames.size() == 4);
    CHECK(r.frames[0].data == "hello");
    CHECK(r.frames[0].time_ns == 1'700'000'000'000'005'000);
    CHECK(r.frames[1].time_ns == 1'700'000'000'000'000'005);
    CHECK(r.frames[1].link == LinkType::raw);
    CHECK(r.frames[1].segment == 1);
    CHECK(r.frames[2].data == "simp");
    CHECK(r.frames[2].length == 9);
    CHECK(r.frames[2].time_ns == r.frames[1].time_ns);
    CHECK(r.frames[3].data == "old");
    CHECK(r.frames[3].time_ns == 77);
    CHECK_FALSE(r.broken);
  }
}

TEST_CASE("a new section begins its interfaces anew, segments count on; it may turn the byte order") {
  Writer little, big{.bytes = {}, .big = true};
  little.section().interface(1).enhanced(0, 0, "a", 1);
  big.section().interface(101).enhanced(0, 0, "b", 1);
  std::vector<uint8_t> both = little.bytes;
  both.insert(both.end(), big.bytes.begin(), big.bytes.end());
  const Read r = read(both);
  REQUIRE(r.frames.size() == 2);
  CHECK(r.frames[0].segment == 0);
  CHECK(r.frames[1].segment == 1);
  CHECK(r.frames[1].link == LinkType::raw);
}

TEST_CASE("pcapng blocks that lie") {
  Writer w;
  w.section().interface(1);
  const size_t good = w.bytes.size();
  Writer captured_too_much = w, no_interface = w, short_block = w, tiny = w, huge = w;
  captured_too_much.enhanced(0, 0, "hello", 4000);
  CHECK(read(captured_too_much.bytes).frames.at(0).data.size() == 8);  // with the padding
  no_interface.enhanced(9, 0, "hello", 5);
  CHECK(read(no_interface.bytes).frames.at(0).link == static_cast<LinkType>(0xffff));
  short_block.block(6, short_block.body().u32(0));
  CHECK(read(short_block.bytes).frames.size() == 1);
  tiny.u32(6).u32(8).u32(8);
  CHECK(read(tiny.bytes).broken->offset == good);
  huge.u32(6).u32(0xfffffff0).u32(0);
  CHECK(read(huge.bytes).broken->offset == good);
}

TEST_CASE("hostile times leave room for arithmetic") {
  Writer w;
  w.section();
  w.block(1, w.body().u16(1).u16(0).u32(0).u16(14).u16(8).number(0x7fffffffffffffff, 8).u16(0).u16(0));
  w.enhanced(0, ~0ull, "x", 1);
  CHECK(read(w.bytes).frames.at(0).time_ns == frame_time_max_ns);
}

TEST_CASE("a file larger than one window and one batch") {
  Writer w;
  w.pcap();
  const std::string data(9000, 'x');
  for (uint32_t i = 0; i < 1500; i++) w.record(i, 0, data, 9000);
  const Read r = read(w.bytes);
  REQUIRE(r.frames.size() == 1500);
  CHECK(r.frames[1499].data == data);
  CHECK(r.frames[1499].time_ns == 1'499'000'000'000);
}

TEST_CASE("gzip: members, cuts, damage") {
  Writer w;
  w.pcap();
  for (uint32_t i = 0; i < 3000; i++)
    w.record(i, 0, std::string(100 + i % 50, static_cast<char>(i * 7)), 200);
  const std::string path = "/tmp/vmoat-gz-test." + std::to_string(getpid());
  const size_t half = w.bytes.size() / 2;
  for (const char* mode : {"wb", "ab"}) {
    gzFile out = gzopen(path.c_str(), mode);
    const bool first = mode[0] == 'w';
    gzwrite(out, first ? w.bytes.data() : &w.bytes[half],
            static_cast<unsigned>(first ? half : w.bytes.size() - half));
    gzclose(out);
  }
  CHECK(read_path(path).frames.size() == 3000);
  CHECK_FALSE(read_path(path).broken);
  std::ifstream in(path, std::ios::binary);
  std::vector<uint8_t> packed((std::istreambuf_iterator<char>(in)), {});
  unlink(path.c_str());
  const Read cut = read({packed.begin(), packed.begin() + static_cast<ptrdiff_t>(packed.size() / 3)});
  REQUIRE(cut.broken);
  CHECK(cut.broken->reason == "the compressed file is cut off");
  CHECK(cut.frames.size() < 3000);
  for (size_t i = 40; i < 60; i++) packed[i] ^= 0x55;
  const Read damaged = read(packed);
  CHECK((damaged.broken.has_value() || !damaged.error.empty()));
}

TEST_CASE("what is no capture is said to be none") {
  CHECK(read({}).error.find("is empty") != std::string::npos);
  CHECK(read({1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}).error.find("neither pcap nor pcapng") !=
        std::string::npos);
  CHECK(read_path("/nonexistent").error.find("No such file") != std::string::npos);
}

}  // namespace vmoat
