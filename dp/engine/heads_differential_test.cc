// What the kernel reads of a followed flow is what the engine's readers would have read: where both take a
// frame, they are of one mind on where the next content ends.
#include <algorithm>
#include <random>
#include <span>

#include "capture/followed_fixture.h"
#include "engine/readings.h"

namespace vmoat::test {
namespace {

Bytes bytes_of(const std::string& text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

/** One client's stream, read by both; what it says next is another one for either. */
class Twins {
 public:
  Twins(Followed& kernel, uint32_t next, const std::string& opening)
      : kernel_(kernel), readings_(1 << 20), next_(next) {
    reading_ = readings_.begin(next_ - static_cast<uint32_t>(opening.size()), 3);
    REQUIRE(readings_.read(reading_, next_ - static_cast<uint32_t>(opening.size()), bytes_of(opening)) ==
            Readings::Read::yes);
    tell();
  }
  /** True where the kernel let it pass. Then the engine hears what was read, else it reads itself. */
  bool says(const std::string& text) {
    const bool passed = kernel_.says(next_, text) == TC_ACT_UNSPEC;
    next_ += static_cast<uint32_t>(text.size());
    if (!passed) {
      if (readings_.read(reading_, next_ - static_cast<uint32_t>(text.size()), bytes_of(text)) !=
          Readings::Read::yes)
        is_one_ = false;
      tell();
      return false;
    }
    for (const SeenEvent& event : kernel_.events())
      if (event.head.reason == 0) hear(*reinterpret_cast<const vmoat_heads*>(event.bytes.data()));
    const vmoat_content of_kernel = kernel_.flows().at(0).flow.content, own = readings_.content(reading_);
    if (of_kernel.until != own.until) is_one_ = false;
    return true;
  }
  [[nodiscard]] uint32_t next() const { return next_; }
  [[nodiscard]] bool is_one() const { return is_one_; }
  [[nodiscard]] bool is_still(uint16_t application) const {
    return readings_.is_still(reading_, application);
  }

 private:
  void tell() {
    kernel_.follow(kernel_.held, readings_.content(reading_));
    (void)kernel_.events();
  }
  void hear(const vmoat_heads& told) {
    for (const vmoat_head& head : std::span(told.head, told.count))
      if (readings_.read(reading_, head.seq, Bytes(head.bytes, head.size)) != Readings::Read::yes)
        is_one_ = false;
  }

  Followed& kernel_;
  Readings readings_;
  uint32_t reading_ = 0, next_;
  bool is_one_ = true;
};

struct Grammar {
  const char* application;
  std::string opening;
  std::vector<std::string> pieces;  // of what follows, well made or not
};

uint16_t number_of(std::string_view name) {
  const auto all = applications();
  const auto found = std::ranges::find(all, name, &Application::name);
  return static_cast<uint16_t>(found - all.begin() + 1);
}

const std::string hello("\x16\x03\x01\x00\x02hi", 7);

}  // namespace

TEST_CASE("heads: the kernel and the engine read alike, whatever is said and wherever it is cut") {
  if (!has_root()) return;
  const Grammar grammars[] = {
      {"http",
       "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx",
       {"\r\n3\r\nabc", "\r\n00A\r\n0123456789", "\r\n", "\n", "\r", "0", "1;x\r\n", "5 \r\n", "fffffff\r\n",
        "\r\n1\r\n", "\r\n0\r\n\r\nGET / HTTP/1.1\r\n\r\n", "x", std::string(1, '\0')}},
      {"tls",
       hello,
       {std::string("\x17\x03\x03\x00\x03"
                    "abc",
                    8),
        std::string("\x15\x03\x03\x00\x02\x01\x00", 7), std::string("\x18\x03\x00\x48\x00", 5),
        std::string("\x17\x03\x03\x00\x00", 5), std::string("\x19\x03\x03\x00\x01x", 6),
        std::string("\x17", 1), std::string("\x03", 1), std::string("\x00", 1), std::string("\x01x", 2)}}};
  std::mt19937 random(7);
  Followed kernel({Followed::content_from, 0});
  uint32_t next = Followed::content_from;
  for (const Grammar& grammar : grammars) {
    int passed = 0, ended = 0;
    for (int stream = 0; stream < 60; stream++) {
      Twins twins(kernel, next, grammar.opening);
      std::string said;
      while (said.size() < 400) {
        const bool well = random() % 10 != 0;
        said += grammar.pieces[well ? random() % 2 : random() % grammar.pieces.size()];
      }
      for (size_t at = 0; at < said.size() && twins.is_still(number_of(grammar.application));) {
        const size_t bytes = std::min<size_t>(said.size() - at, 1 + random() % 30);
        passed += twins.says(said.substr(at, bytes)) ? 1 : 0;
        at += bytes;
        REQUIRE(twins.is_one());
      }
      next = twins.next();
      ended += twins.is_still(number_of(grammar.application)) ? 0 : 1;
    }
    CHECK(passed > 200);
    CHECK(ended > 10);
  }
}

}  // namespace vmoat::test
