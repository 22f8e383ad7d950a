// Applications that the operator defines: byte patterns for what each end says first, asked after all
// recognisers of the registry.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "apps/application.h"
#include "base/result.h"

namespace vmoat {

/** Bytes, each of them meant or any (`mask` 0xff or 0), at the very front or anywhere within the first bytes.
 */
struct BytePattern {
  std::vector<uint8_t> bytes, mask;
  uint16_t within = 0;  // bytes in which all of it must lie; 0 = at the very front
};

/** All patterns of a side must hold. A side without patterns may say anything. */
struct OperatorApplication {
  std::string name;
  uint8_t transports = 0;       // Transport bits
  std::vector<uint16_t> ports;  // those are asked first
  std::vector<BytePattern> client, server;
};

/** Reads "42 55 ?? 31": pairs of hexadecimal digits, "??" for any byte, with or without spaces between. */
Result<BytePattern> read_pattern(std::string_view text, uint16_t within);

class OperatorApplications {
 public:
  static constexpr size_t count_max = 256, patterns_max = 4, pattern_bytes_max = 64, within_max = 256;

  struct Match {
    Claim claim = Claim::no;
    uint16_t number = 0;   // of the application, from 0
    bool swapped = false;  // what Opening calls client is the server
  };

  OperatorApplications() = default;
  /** Fails on a name that is none or is taken, on none or too many patterns, and where a limit is passed. */
  static Result<OperatorApplications> make(std::vector<OperatorApplication> all);

  /**
   * The first that matches, those with one of the flow's ports before the others; `more` while one still may.
   * Over TCP both sides must match. Elsewhere one datagram is at hand and the patterns of its side decide.
   */
  [[nodiscard]] Match recognise(const Opening& opening) const;
  [[nodiscard]] size_t size() const { return all_.size(); }
  [[nodiscard]] std::string_view name(size_t number) const { return all_[number].name; }

 private:
  std::vector<OperatorApplication> all_;
};

}  // namespace vmoat
