// Aliases may stand in any order: a chain is followed in a few passes over the answers.
#include "apps/dns_answers.h"

#include <algorithm>

#include "apps/dns_name.h"

namespace vmoat {
namespace {

constexpr uint16_t type_a = 1, type_cname = 5, type_aaaa = 28, class_in = 1;
constexpr int passes_max = 4;
constexpr int records_max = 64;  // of one answer; more is no address list

struct Record {
  DnsName owner;
  uint16_t type = 0;
  uint32_t ttl_s = 0;
  size_t data_at = 0;  // in the message
  Bytes data;
};

class Chain {
 public:
  Chain(Bytes message, const DnsName& asked, uint16_t type) : message_(message), owner_(asked), type_(type) {}

  /** `answers` stands at the first of `count` records. */
  void follow(const ByteReader& answers, int count) {
    for (int passes = 0; passes < passes_max && found_ == 0; passes++)
      if (!pass(answers, std::min(count, records_max))) return;
  }
  [[nodiscard]] std::span<const NameAddress> addresses() const { return {addresses_.data(), found_}; }

 private:
  /** True when it came further. */
  bool pass(ByteReader in, int count) {
    bool further = false;
    for (int i = 0; i < count; i++) {
      Record r;
      if (!read(in, r)) break;
      r.owner.to_lower();
      if (r.owner.view() != owner_.view()) continue;
      if (r.type == type_) add(r);
      if (r.type == type_cname && found_ == 0) further = alias(r) || further;
    }
    return further;
  }

  bool read(ByteReader& in, Record& r) const {
    if (!read_dns_name(message_, in, r.owner)) return false;
    r.type = in.be16();
    const bool is_in = in.be16() == class_in;
    r.ttl_s = in.be32();
    const uint16_t length = in.be16();
    r.data_at = in.offset();
    r.data = in.bytes(length);
    if (!is_in) r.type = 0;
    return in.ok();
  }

  void add(const Record& r) {
    const size_t size = type_ == type_a ? 4 : 16;
    if (r.data.size() != size || found_ == addresses_.size()) return;
    addresses_[found_++] = {r.data, std::min(ttl_s_, r.ttl_s)};
  }

  bool alias(const Record& r) {
    ByteReader target(message_);
    target.skip(r.data_at);
    DnsName name;
    if (aliases_ == name_aliases_max || !read_dns_name(message_, target, name)) return false;
    name.to_lower();
    owner_ = name;
    ttl_s_ = std::min(ttl_s_, r.ttl_s);
    aliases_++;
    return true;
  }

  Bytes message_;
  DnsName owner_;  // whose records count now
  uint16_t type_;
  uint32_t ttl_s_ = UINT32_MAX;
  size_t aliases_ = 0, found_ = 0;
  std::array<NameAddress, name_addresses_max> addresses_;
};

}  // namespace

void hear_names(Bytes message, bool from_server, Findings& findings) {
  ByteReader in(message);
  const uint16_t id = in.be16(), flags = in.be16(), questions = in.be16(), answers = in.be16();
  in.skip(4);
  DnsName name;
  if (!in.ok() || questions != 1 || !read_dns_name(message, in, name)) return;
  const uint16_t type = in.be16(), question_class = in.be16();
  const bool is_query = (flags >> 11 & 15) == 0, response = (flags & 0x8000) != 0;
  if (!in.ok() || question_class != class_in || (type != type_a && type != type_aaaa)) return;
  if (!is_query || response != from_server || !name.is_host || name.size == 0 || name.size > host_name_max)
    return;
  name.to_lower();
  const NameQuestion question = {id, type, name.view()};
  if (!response) return findings.asked(question);
  Chain chain(message, name, type);
  if ((flags & 15) == 0) chain.follow(in, answers);
  findings.answered(question, chain.addresses());
}

}  // namespace vmoat
