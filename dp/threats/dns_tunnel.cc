// DNS tunnel: data in the names of queries and in the text of answers (iodine, dnscat2, DNSExfiltrator). One
// long name proves nothing; many different ones below one domain, from one client within a minute, do.
#include <bit>
#include <cmath>

#include "apps/text.h"
#include "threats/content/messages.h"
#include "threats/evidence.h"
#include "threats/threat.h"

namespace vmoat {
namespace {

constexpr Threshold thresholds[] = {
    {"names", "names", 30, 5, 400, "different names that look like data, below one domain in a minute"},
    {"bytes", "bytes", 1500, 100, 1000000, "that these names and the answers' texts have carried at least"}};

constexpr size_t data_bytes_min = 24;                  // of the labels below the domain
constexpr std::string_view dnscat_prefix = "dnscat.";  // dnscat2 without a domain of its own
constexpr uint16_t type_cname = 5, type_null = 10, type_mx = 15, type_txt = 16;

/** The domain that somebody registered: the last two labels, three where the last are short (co.uk). */
std::string_view domain_of(std::string_view name) {
  size_t start = name.size(), labels = 0;
  size_t last_bytes = 0;
  while (start > 0) {
    const size_t dot = name.rfind('.', start - 1);
    const size_t begin = dot == name.npos ? 0 : dot + 1;
    labels++;
    const size_t bytes = start - begin;
    if (labels == 1) last_bytes = bytes;
    const bool suffix = labels == 2 && bytes <= 3 && last_bytes <= 2;
    if ((labels == 2 && !suffix) || labels == 3 || dot == name.npos) return name.substr(begin);
    start = dot;
  }
  return name;
}

/** Shannon's entropy of the characters, in hundredths of a bit for each. */
uint32_t entropy_hundredths(std::string_view text) {
  std::array<uint16_t, 256> counts{};
  for (char c : text) counts[static_cast<uint8_t>(lower(c))]++;
  double bits = 0;
  for (uint16_t n : counts)
    if (n != 0) bits -= n * std::log2(static_cast<double>(n) / static_cast<double>(text.size()));
  return static_cast<uint32_t>(bits * 100 / static_cast<double>(text.size()));
}

/** Whether labels look like data and not like words: long, and mixed as words are not. */
bool is_data(std::string_view labels) {
  if (labels.size() < data_bytes_min) return false;
  size_t digits = 0, high = 0;
  for (char c : labels) digits += is_digit(c) ? 1 : 0, high += static_cast<uint8_t>(c) >= 0x80 ? 1 : 0;
  const uint32_t entropy = entropy_hundredths(labels);
  const bool hexadecimal = entropy >= 280 && digits * 4 >= labels.size();
  return high > 0 || hexadecimal || entropy >= 340;
}

/** Names that are made of numbers by their nature: reverse lookups (RFC 1035, 3.5). */
bool is_reverse(std::string_view name) {
  return name.size() > 5 && same_letters(name.substr(name.size() - 5), ".arpa");
}

uint64_t hash_of(std::string_view text) {
  uint64_t hash = 0xcbf29ce484222325;
  for (char c : text) hash = (hash ^ static_cast<uint8_t>(lower(c))) * 0x100000001b3;
  return item_of(hash);
}

/** Words of a tally. */
enum : size_t { carried, rich };

void dns(const DnsMessage& message, Alarm& alarm) {
  const bool dnscat = message.name.starts_with(dnscat_prefix);
  const std::string_view domain = dnscat ? dnscat_prefix : domain_of(message.name);
  if (domain.size() >= message.name.size() || is_reverse(message.name)) return;
  const std::string_view labels = dnscat ? message.name.substr(domain.size())
                                         : message.name.substr(0, message.name.size() - domain.size() - 1);
  const bool rich_type = message.type == type_txt || message.type == type_null ||
                         message.type == type_cname || message.type == type_mx;
  if (!is_data(labels) && !(rich_type && message.text_bytes > 0)) return;
  const Subject& s = alarm.subject();
  Address below;
  below.words[0] = hash_of(domain);
  Tally& tally = alarm.tally({.slot = s.slot, .segment = s.segment, .a = s.src, .b = below}, 60);
  tally.count++;
  tally.distinct.add(hash_of(labels));
  tally.words[carried] += (message.response ? message.text_bytes : labels.size());
  const uint32_t names = tally.distinct.count();
  if (names < alarm.threshold(0) || tally.words[carried] < alarm.threshold(1)) return;
  alarm.raise(Evidence() << names << " names like data below " << domain << ", " << tally.words[carried]
                         << " bytes; the last: " << labels);
}

}  // namespace

extern const Threat dns_tunnel_threat;
const Threat dns_tunnel_threat = {
    .name = "dns-tunnel",
    .severity = Severity::high,
    .action = ThreatAction::deny,
    .means =
        "a client carries data in DNS: many different long names below one domain, or texts that answer them",
    .evidence = "how many names, below which domain, how many bytes, and the last of them",
    .live = "DNS messages of the first 64 KiB of a flow",
    .thresholds = thresholds,
    .dns = dns,
};

}  // namespace vmoat
