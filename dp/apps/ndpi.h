// Ndpi: Debian's nDPI, loaded at run time where the operator asks for it. It is a C library of others that
// reads hostile bytes in our process; only functions that it exports are called, and the size of its flows is
// its own word.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/byte_reader.h"
#include "base/result.h"

namespace vmoat {

class Ndpi : public std::enable_shared_from_this<Ndpi> {
 public:
  static constexpr const char* file_standard = "libndpi.so.4.2";

  /** Fails where the library is not installed, lacks a function or is of another version. */
  static Result<std::shared_ptr<const Ndpi>> load(const char* file = file_standard);
  ~Ndpi();
  Ndpi(const Ndpi&) = delete;
  Ndpi& operator=(const Ndpi&) = delete;

  /** What it can name: its protocol n is names()[n - 1], in lower case letters, digits, '-' and '.'. */
  [[nodiscard]] std::span<const std::string> names() const { return names_; }
  /** Bytes of a flow's memory, which begins as zeros. */
  [[nodiscard]] size_t flow_bytes() const { return flow_bytes_; }

  /** One thread's detector. */
  class Detector {
   public:
    explicit Detector(std::shared_ptr<const Ndpi> library);
    ~Detector();
    Detector(const Detector&) = delete;
    Detector& operator=(const Detector&) = delete;
    /** Shows an IP packet of a flow; the number of its protocol, 0 as long as that is not known. */
    uint16_t show(void* flow, Bytes packet, uint64_t time_ms);
    /** Frees what the library allocated for the flow, not the flow itself. */
    void end(void* flow);

   private:
    std::shared_ptr<const Ndpi> library_;
    void* module_;
  };

 private:
  struct Functions;
  Ndpi() = default;
  [[nodiscard]] void* make_module() const;

  void* library_ = nullptr;
  std::unique_ptr<Functions> call_;
  std::vector<std::string> names_;
  size_t flow_bytes_ = 0;
};

}  // namespace vmoat
