#include "apps/certificate.h"

#include <algorithm>
#include <array>

#include "apps/ber.h"
#include "apps/text.h"
#include "base/address_text.h"

namespace vmoat {

namespace {

constexpr uint8_t der_utc_time = 0x17, der_generalized_time = 0x18, der_set = 0x31, der_oid = 0x06,
                  der_boolean = 0x01, der_version = 0xa0, der_extensions = 0xa3;
constexpr uint8_t san_dns = 0x82, san_address = 0x87;
constexpr std::string_view oid_common_name = "\x55\x04\x03", oid_organisation = "\x55\x04\x0a",
                           oid_alternative_names = "\x55\x1d\x11";
constexpr int parts_max = 64;  // of a name, extensions, alternative names

bool is_whole(const BerItem& item) {
  return item.body.size() == item.length;
}

/** The common name of a Name, else its organisation. */
std::string_view name_of(Bytes name) {
  std::string_view common, organisation;
  ByteReader sets(name);
  for (int i = 0; i < parts_max && sets.left() > 0; i++) {
    const BerItem set = take_ber(sets);
    if (!sets.ok() || set.tag != der_set) break;
    ByteReader in(set.body);
    ByteReader pair(take_ber(in).body);
    const BerItem oid = take_ber(pair), value = take_ber(pair);
    if (!pair.ok() || oid.tag != der_oid || !is_whole(value) || !is_text(as_text(value.body))) continue;
    if (as_text(oid.body) == oid_common_name) common = as_text(value.body);
    if (as_text(oid.body) == oid_organisation) organisation = as_text(value.body);
  }
  return common.empty() ? organisation : common;
}

/** UTCTime or GeneralizedTime of RFC 5280, 4.1.2.5, as RFC 3339; digits only are taken. */
void note_expiry(const BerItem& time, Findings& findings) {
  const std::string_view text = as_text(time.body);
  const size_t year_digits = time.tag == der_utc_time ? 2 : 4;
  const bool known = time.tag == der_utc_time || time.tag == der_generalized_time;
  if (!known || text.size() != year_digits + 11 || text.back() != 'Z') return;
  if (!std::all_of(text.begin(), text.end() - 1, is_digit)) return;
  std::array<char, 20> out = {'2', '0', '?', '?', '-', '?', '?', '-', '?', '?',
                              'T', '?', '?', ':', '?', '?', ':', '?', '?', 'Z'};
  if (year_digits == 2 && text[0] >= '5') out[0] = '1', out[1] = '9';
  size_t at = 4 - year_digits;
  for (char digit : text.substr(0, text.size() - 1)) {
    if (at == 4 || at == 7 || at == 10 || at == 13 || at == 16) at++;
    out[at++] = digit;
  }
  findings.fact(Fact::tls_expires, {out.data(), out.size()});
}

/** A list of names with commas between, as many as fit whole. */
class Names {
 public:
  void add(std::string_view name) {
    const size_t comma = used_ > 0 ? 1 : 0;
    if (name.empty() || !is_text(name) || used_ + comma + name.size() > text_.size()) return;
    if (comma != 0) text_[used_++] = ',';
    used_ += name.copy(&text_[used_], name.size());
  }
  [[nodiscard]] std::string_view view() const { return {text_.data(), used_}; }

 private:
  std::array<char, 255> text_;
  size_t used_ = 0;
};

void add_address(Bytes address, Names& names) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const int family = address.size() == 4 ? AF_INET : address.size() == 16 ? AF_INET6 : AF_UNSPEC;
  if (family != AF_UNSPEC && inet_ntop(family, address.data(), text.data(), text.size()) != nullptr)
    names.add(text.data());
}

/** GeneralNames of RFC 5280, 4.2.1.6. */
void note_names(Bytes octets, Findings& findings) {
  ByteReader outer(octets);
  ByteReader in(take_ber(outer).body);
  Names names;
  for (int i = 0; i < parts_max && in.left() > 0; i++) {
    const BerItem name = take_ber(in);
    if (!in.ok() || !is_whole(name)) break;
    if (name.tag == san_dns) names.add(as_text(name.body));
    if (name.tag == san_address) add_address(name.body, names);
  }
  if (!names.view().empty()) findings.fact(Fact::tls_names, names.view());
}

void note_extensions(Bytes wrapped, Findings& findings) {
  ByteReader outer(wrapped);
  ByteReader in(take_ber(outer).body);
  for (int i = 0; i < parts_max && in.left() > 0; i++) {
    ByteReader extension(take_ber(in).body);
    const BerItem oid = take_ber(extension);
    if (!extension.ok() || as_text(oid.body) != oid_alternative_names) continue;
    BerItem value = take_ber(extension);
    if (value.tag == der_boolean) value = take_ber(extension);  // critical
    if (extension.ok() && value.tag == ber_octets) return note_names(value.body, findings);
  }
}

}  // namespace

void note_certificate(Bytes der, Findings& findings) {
  ByteReader outer(der);
  ByteReader certificate(take_ber(outer).body);
  ByteReader in(take_ber(certificate).body);  // TBSCertificate
  BerItem item = take_ber(in);
  if (item.tag == der_version) item = take_ber(in);
  take_ber(in);  // signature algorithm
  const BerItem issuer = take_ber(in), validity = take_ber(in), subject = take_ber(in);
  if (!in.ok() || issuer.tag != ber_sequence || validity.tag != ber_sequence || subject.tag != ber_sequence)
    return;
  ByteReader times(validity.body);
  take_ber(times);
  note_expiry(take_ber(times), findings);
  if (const auto name = name_of(issuer.body); !name.empty()) findings.fact(Fact::tls_issuer, name);
  if (const auto name = name_of(subject.body); !name.empty()) findings.fact(Fact::tls_subject, name);
  take_ber(in);  // public key
  while (in.left() > 0) {
    const BerItem optional = take_ber(in);
    if (optional.tag == der_extensions) return note_extensions(optional.body, findings);
  }
}

}  // namespace vmoat
