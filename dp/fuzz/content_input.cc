#include "fuzz/content_input.h"

#include <algorithm>
#include <cstdlib>
#include <vector>

#include "threats/content/reader.h"
#include "threats/threat.h"

namespace vmoat {
namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

/** Lets all threats hear; reads every byte that they show, so that a sanitizer sees views that point nowhere.
 */
class Everybody final : public ContentSink, private Alarm {
 public:
  void http(const HttpHead& head) override {
    for (const HttpField& field : head.fields) touch(field.name), touch(field.value);
    touch(head.method), touch(head.target), touch(head.agent);
    tell(&Threat::http, head);
  }
  void http_slow(const HttpSlowHead& head) override { tell(&Threat::http_slow, head); }
  void input(const HttpInput& input) override {
    touch(input.name), touch(input.value);
    require(input.value.size() <= 65536);
    tell(&Threat::input, input);
  }
  void dns(const DnsMessage& message) override {
    touch(message.name);
    require(message.name.size() <= 256);
    tell(&Threat::dns, message);
  }
  void tls(const TlsRecord& record) override {
    touch(as_text(record.body));
    tell(&Threat::tls, record);
  }
  void banner(const Banner& banner) override {
    touch(banner.line);
    tell(&Threat::banner, banner);
  }
  void login(const Login& login) override {
    touch(login.reason);
    tell(&Threat::login, login);
  }

  int64_t time_ns = 1'000'000'000;

 private:
  template <class Message>
  void tell(void (*Threat::*hook)(const Message&, Alarm&), const Message& message) {
    for (const Threat& threat : threats()) {
      if (threat.*hook == nullptr) continue;
      now_ = &threat;
      (threat.*hook)(message, *this);
    }
  }
  void touch(std::string_view value) {
    for (char c : value) sum_ = sum_ * 31 + static_cast<unsigned char>(c);
  }
  void raise(std::string_view evidence) override {
    require(evidence.size() <= evidence_bytes_max);
    touch(evidence);
  }
  void raise_for(const Subject&, std::string_view evidence) override { raise(evidence); }
  [[nodiscard]] uint64_t threshold(size_t index) const override {
    require(index < now_->thresholds.size());
    return now_->thresholds[index].least;
  }
  Tally& tally(const TallyKey& key, uint32_t window_s) override {
    return tallies_.at(static_cast<uint8_t>(now_ - threats().data()), key, window_s, time_ns);
  }
  uint32_t rate(uint64_t item) override { return rates_.add(item, time_ns); }
  Owners& owners() override { return owners_; }
  [[nodiscard]] const Subject& subject() const override { return subject_; }
  [[nodiscard]] int64_t now_ns() const override { return time_ns; }

  const Threat* now_ = nullptr;
  Subject subject_;
  Tallies tallies_{SipHash(1, 2)};
  Rates rates_;
  Owners owners_{SipHash(1, 2)};
  volatile unsigned sum_ = 0;
};

}  // namespace

void run_splitter(const Splitter& splitter, Bytes input) {
  Everybody everybody;
  ContentReader reader(1 << 20);
  ContentHold hold;
  ContentReader::begin(hold, static_cast<int>(&splitter - splitters().data()));
  for (ByteReader in(input); in.left() >= 3;) {
    const uint8_t flags = in.u8();
    const Bytes bytes = in.bytes(std::min<size_t>(in.be16(), in.left()));
    const std::vector<uint8_t> copy(bytes.begin(), bytes.end());
    Content content{.from_client = (flags & 1) != 0, .data = copy};
    if ((flags & 4) != 0) everybody.time_ns += 1'000'000'000;
    if ((flags & 2) != 0) {
      content.transport = over_udp;
      ContentState state;
      splitter.split(content, state, everybody);
    } else {
      reader.take(hold, content, everybody.time_ns, everybody);
    }
  }
  for (bool client : {true, false})
    reader.end(hold, {.from_client = client, .cut = true}, everybody.time_ns, everybody);
  reader.drop(hold);
  require(reader.used() == 0);
}

}  // namespace vmoat
