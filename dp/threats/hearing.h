// For tests: a threat alone, told what two ends say.
#pragma once

#include <string>
#include <vector>

#include "threats/content/probe.h"
#include "threats/threat.h"

namespace vmoat {

const Threat& threat(std::string_view name);

/** What one threat raises, its thresholds at their standard. */
class Hearing final : public ContentSink, private Alarm {
 public:
  explicit Hearing(std::string_view name);

  void http(const HttpHead& head) override { tell(threat_.http, head); }
  void http_slow(const HttpSlowHead& head) override { tell(threat_.http_slow, head); }
  void input(const HttpInput& input) override { tell(threat_.input, input); }
  void dns(const DnsMessage& message) override { tell(threat_.dns, message); }
  void tls(const TlsRecord& record) override { tell(threat_.tls, record); }
  void banner(const Banner& banner) override { tell(threat_.banner, banner); }
  void login(const Login& login) override { tell(threat_.login, login); }

  std::vector<std::string> evidence;
  Subject who;
  int64_t time_ns = 1;

 private:
  template <class Message>
  void tell(void (*hook)(const Message&, Alarm&), const Message& message) {
    if (hook != nullptr) hook(message, *this);
  }
  void raise(std::string_view words) override { evidence.emplace_back(words); }
  void raise_for(const Subject&, std::string_view words) override { evidence.emplace_back(words); }
  [[nodiscard]] uint64_t threshold(size_t index) const override { return threat_.thresholds[index].standard; }
  Tally& tally(const TallyKey& key, uint32_t window_s) override {
    return tallies_.at(0, key, window_s, time_ns);
  }
  uint32_t rate(uint64_t item) override { return rates_.add(item, time_ns); }
  Owners& owners() override { return owners_; }
  [[nodiscard]] const Subject& subject() const override { return who; }
  [[nodiscard]] int64_t now_ns() const override { return time_ns; }

  const Threat& threat_;
  Tallies tallies_;
  Rates rates_;
  Owners owners_;
};

/** How often the threat is raised by a conversation that comes in one piece per side and turn. */
size_t alarms(std::string_view threat, std::string_view application, const std::vector<Said>& conversation);
/** Checks that it is raised, whatever border the conversation is cut at. */
void check_raised(std::string_view threat, std::string_view application,
                  const std::vector<Said>& conversation);
/** Checks that no threat on content is raised. */
void check_silent(std::string_view application, const std::vector<Said>& conversation);

/** A request with a parameter "q", percent-encoded as a browser would. */
std::string get_with(std::string_view value);
std::string post_with(std::string_view value);

}  // namespace vmoat
