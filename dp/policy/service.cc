#include "policy/service.h"

#include <netinet/in.h>

#include <charconv>
#include <optional>

namespace vmoat {
namespace {

enum class Suffix : uint8_t { ports, type_and_code, number };

struct Word {
  std::string_view name;
  uint8_t proto;
  Suffix suffix;
};
constexpr Word words[] = {
    {"tcp", IPPROTO_TCP, Suffix::ports},
    {"udp", IPPROTO_UDP, Suffix::ports},
    {"sctp", IPPROTO_SCTP, Suffix::ports},
    {"icmp", IPPROTO_ICMP, Suffix::type_and_code},
    {"icmpv6", IPPROTO_ICMPV6, Suffix::type_and_code},
    {"proto", 0, Suffix::number},
};

/** Decimal digits only, nothing around them. */
std::optional<uint32_t> read_number(std::string_view text, uint32_t most) {
  uint32_t value = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (problem != std::errc() || end != text.data() + text.size() || value > most) return std::nullopt;
  return value;
}

/** `FIRST` or `FIRST` SEPARATOR `SECOND`. */
std::optional<std::pair<uint32_t, std::optional<uint32_t>>> read_pair(std::string_view text, char separator,
                                                                      uint32_t most) {
  const size_t at = text.find(separator);
  const auto first = read_number(text.substr(0, at), most);
  if (!first) return std::nullopt;
  if (at == std::string_view::npos) return std::pair{*first, std::optional<uint32_t>()};
  const auto second = read_number(text.substr(at + 1), most);
  if (!second) return std::nullopt;
  return std::pair{*first, second};
}

constexpr ServiceRange whole(uint32_t proto) {
  return {proto << 16, proto << 16 | 0xffff};
}

std::optional<ServiceRange> read_ports(uint32_t proto, std::string_view text) {
  const auto pair = read_pair(text, '-', 65'535);
  if (!pair) return std::nullopt;
  const uint32_t last = pair->second.value_or(pair->first);
  if (last < pair->first) return std::nullopt;
  return ServiceRange{proto << 16 | pair->first, proto << 16 | last};
}

std::optional<ServiceRange> read_type_and_code(uint32_t proto, std::string_view text) {
  const auto pair = read_pair(text, '/', 255);
  if (!pair) return std::nullopt;
  const Service type = proto << 16 | pair->first << 8;
  return ServiceRange{type | pair->second.value_or(0), type | pair->second.value_or(255)};
}

std::optional<ServiceRange> read_suffix(const Word& word, std::string_view text) {
  if (word.suffix == Suffix::ports) return read_ports(word.proto, text);
  if (word.suffix == Suffix::type_and_code) return read_type_and_code(word.proto, text);
  const auto proto = read_number(text, 255);
  return proto ? std::optional(whole(*proto)) : std::nullopt;
}

std::optional<ServiceRange> read(std::string_view text) {
  if (text == "any") return ServiceRange{};
  const size_t slash = text.find('/');
  for (const Word& word : words) {
    if (word.name != text.substr(0, slash)) continue;
    if (slash != std::string_view::npos) return read_suffix(word, text.substr(slash + 1));
    return word.suffix == Suffix::number ? std::nullopt : std::optional(whole(word.proto));
  }
  return std::nullopt;
}

}  // namespace

Result<ServiceRange> read_service_range(std::string_view text) {
  if (const auto range = read(text)) return *range;
  return Error{
      "is none of any, tcp/80, udp/5000-5999, sctp, icmp/8, icmp/3/4, icmpv6/128, proto/47 and the like"};
}

}  // namespace vmoat
