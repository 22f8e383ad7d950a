// Operator-defined applications: reading and checking patterns, and matching them with bounded work.
#include "apps/operator_defined.h"

#include <algorithm>

#include "apps/text.h"

namespace vmoat {
namespace {

int digit_of(char c) {
  if (is_digit(c)) return c - '0';
  return lower(c) >= 'a' && lower(c) <= 'f' ? lower(c) - 'a' + 10 : -1;
}

bool stands_at(const BytePattern& pattern, Bytes bytes) {
  for (size_t i = 0; i < pattern.bytes.size(); i++)
    if ((bytes[i] ^ pattern.bytes[i]) & pattern.mask[i]) return false;
  return true;
}

/** At the front: `more` as long as what is there agrees. */
Claim match_front(const BytePattern& pattern, Bytes bytes) {
  const size_t there = std::min(bytes.size(), pattern.bytes.size());
  for (size_t i = 0; i < there; i++)
    if ((bytes[i] ^ pattern.bytes[i]) & pattern.mask[i]) return Claim::no;
  return there == pattern.bytes.size() ? Claim::sure : Claim::more;
}

Claim match(const BytePattern& pattern, Bytes bytes) {
  if (pattern.within == 0) return match_front(pattern, bytes);
  const size_t room = std::min<size_t>(bytes.size(), pattern.within);
  for (size_t at = 0; at + pattern.bytes.size() <= room; at++)
    if (stands_at(pattern, bytes.subspan(at))) return Claim::sure;
  return room < pattern.within ? Claim::more : Claim::no;
}

/** All patterns of one side; `sure` where there are none. */
Claim match_side(const std::vector<BytePattern>& patterns, Bytes bytes) {
  Claim least = Claim::sure;
  for (const BytePattern& pattern : patterns) least = std::min(least, match(pattern, bytes));
  return least;
}

/** Of a datagram only the patterns of its own side can be asked: the other side's come with another one. */
Claim match_datagram(const OperatorApplication& application, Bytes bytes, bool of_client) {
  const std::vector<BytePattern>& patterns = of_client ? application.client : application.server;
  if (patterns.empty()) return Claim::more;
  return match_side(patterns, bytes) == Claim::sure ? Claim::sure : Claim::no;
}

Claim match_ends(const OperatorApplication& application, Bytes client, Bytes server, bool stream) {
  if (!stream) {
    const bool of_client = !client.empty();
    return match_datagram(application, of_client ? client : server, of_client);
  }
  return std::min(match_side(application.client, client), match_side(application.server, server));
}

bool is_name(std::string_view name) {
  constexpr size_t name_bytes_max = 32;
  return !name.empty() && name.size() <= name_bytes_max && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || is_digit(c) || c == '-';
  });
}

bool is_sound(const BytePattern& pattern) {
  const size_t size = pattern.bytes.size();
  const bool means_something =
      std::any_of(pattern.mask.begin(), pattern.mask.end(), [](uint8_t mask) { return mask != 0; });
  return means_something && size == pattern.mask.size() && size <= OperatorApplications::pattern_bytes_max &&
         pattern.within <= OperatorApplications::within_max &&
         (pattern.within == 0 || pattern.within >= size);
}

Status check(const OperatorApplication& application) {
  constexpr uint8_t transports = over_tcp | over_udp | over_sctp;
  const size_t patterns = application.client.size() + application.server.size();
  if (!is_name(application.name)) return Error{"a name is 1 to 32 of a-z, 0-9 and -"};
  if (application.transports == 0 || (application.transports & ~transports) != 0)
    return Error{application.name + ": the transport is tcp, udp or sctp"};
  if (patterns == 0 || patterns > OperatorApplications::patterns_max)
    return Error{application.name + ": 1 to 4 patterns are taken"};
  for (const auto* side : {&application.client, &application.server})
    if (!std::all_of(side->begin(), side->end(), is_sound))
      return Error{application.name +
                   ": a pattern is 1 to 64 bytes, not all of them any, within at most 256"};
  return success();
}

}  // namespace

Result<BytePattern> read_pattern(std::string_view text, uint16_t within) {
  BytePattern pattern;
  pattern.within = within;
  std::string digits;
  for (char c : text)
    if (c != ' ') digits += c;
  for (size_t at = 0; at + 1 < digits.size(); at += 2) {
    const bool any = digits[at] == '?' && digits[at + 1] == '?';
    const int high = digit_of(digits[at]), low = digit_of(digits[at + 1]);
    if (!any && (high < 0 || low < 0)) return Error{"hexadecimal digits in pairs, or ??"};
    pattern.bytes.push_back(any ? uint8_t{0} : static_cast<uint8_t>(high << 4 | low));
    pattern.mask.push_back(any ? 0 : 0xff);
  }
  if (digits.size() % 2 != 0 || digits.empty()) return Error{"hexadecimal digits in pairs, or ??"};
  return pattern;
}

Result<OperatorApplications> OperatorApplications::make(std::vector<OperatorApplication> all) {
  if (all.size() > count_max) return Error{"at most 256 applications are taken"};
  for (size_t n = 0; n < all.size(); n++) {
    if (Status checked = check(all[n]); !checked) return std::move(checked.error());
    const auto same = [&](const auto& other) { return other.name == all[n].name; };
    const auto known = applications();
    if (std::any_of(known.begin(), known.end(), same) ||
        std::any_of(all.begin(), all.begin() + static_cast<ptrdiff_t>(n), same))
      return Error{all[n].name + ": there is an application of this name already"};
  }
  OperatorApplications result;
  result.all_ = std::move(all);
  return result;
}

OperatorApplications::Match OperatorApplications::recognise(const Opening& o) const {
  const bool stream = o.transport == over_tcp, both_ways = !stream || !o.direction_seen;
  Match best;
  for (const bool hinted : {true, false}) {
    for (size_t n = 0; n < all_.size(); n++) {
      const OperatorApplication& application = all_[n];
      const auto usual = [&](uint16_t port) { return port == o.server_port || port == o.client_port; };
      const bool has_port = std::any_of(application.ports.begin(), application.ports.end(), usual);
      if (has_port != hinted || (application.transports & o.transport) == 0) continue;
      const Claim claim = match_ends(application, o.client, o.server, stream);
      const Claim turned = both_ways ? match_ends(application, o.server, o.client, stream) : Claim::no;
      if (std::max(claim, turned) == Claim::sure)
        return {Claim::sure, static_cast<uint16_t>(n), claim != Claim::sure};
      best.claim = std::max({best.claim, claim, turned});
    }
  }
  return best;
}

}  // namespace vmoat
