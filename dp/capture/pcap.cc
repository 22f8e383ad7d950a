// pcap: a header of 24 bytes, then records of 16 bytes and a frame.
#include <algorithm>

#include "capture/formats.h"

namespace vmoat {

namespace {

constexpr uint32_t magic_us = 0xa1b2c3d4, magic_ns = 0xa1b23c4d;
constexpr size_t file_header = 24, record_header = 16;

uint32_t load(const uint8_t* p, bool swapped) {
  uint32_t v;
  std::memcpy(&v, p, sizeof v);
  return swapped ? __builtin_bswap32(v) : v;
}

class PcapFile final : public CaptureFile {
 public:
  PcapFile(std::unique_ptr<ByteSource> source, bool swapped, bool nanoseconds, LinkType link)
      : source_(std::move(source)), swapped_(swapped), tick_ns_(nanoseconds ? 1 : 1000), link_(link) {}

  size_t read(std::span<Frame> out) override {
    size_t count = 0;
    while (count < out.size() && !broken_) {
      Bytes hand = source_->at_hand();
      const bool whole =
          hand.size() >= record_header && hand.size() - record_header >= load(&hand[8], swapped_);
      if (!whole && count > 0) break;  // more bytes would void the frames given out
      if (!whole && !fetch(hand)) break;
      const size_t captured = load(&hand[8], swapped_);
      __builtin_prefetch(hand.data() + 3 * (record_header + captured));  // neighbours are often of one size
      out[count++] = frame(hand, captured);
      source_->skip(record_header + captured);
    }
    return count;
  }
  [[nodiscard]] const std::optional<BrokenAt>& broken() const override { return broken_; }
  [[nodiscard]] uint64_t offset() const override { return source_->offset(); }
  [[nodiscard]] uint64_t size() const override { return source_->size(); }

 private:
  /** Brings a whole record to hand; false at the end, and where the file breaks. */
  bool fetch(Bytes& hand) {
    hand = source_->need(record_header);
    if (hand.empty()) return broken_if(source_->failure());
    if (hand.size() < record_header) return broken_by("a record header is cut off");
    const uint32_t captured = load(&hand[8], swapped_);
    if (captured > record_bytes_max)
      return broken_by("a record claims to hold " + std::to_string(captured) + " bytes");
    hand = source_->need(record_header + captured);
    if (hand.size() < record_header + captured) return broken_by("a record is cut off");
    return true;
  }
  bool broken_if(std::optional<std::string> failure) {
    if (failure) broken_ = {source_->offset(), *failure};
    return false;
  }
  bool broken_by(std::string reason) { return broken_if(source_->failure().value_or(std::move(reason))); }

  Frame frame(Bytes hand, size_t captured) {
    Frame f;
    f.bytes = hand.subspan(record_header, captured);
    f.time_ns = load(&hand[0], swapped_) * int64_t{1'000'000'000} + load(&hand[4], swapped_) * tick_ns_;
    f.length = std::max(load(&hand[12], swapped_), static_cast<uint32_t>(captured));
    f.link = link_;
    return f;
  }

  std::unique_ptr<ByteSource> source_;
  bool swapped_;
  int64_t tick_ns_;
  LinkType link_;
  std::optional<BrokenAt> broken_;
};

}  // namespace

bool is_pcap(Bytes beginning) {
  if (beginning.size() < 4) return false;
  const uint32_t native = load(beginning.data(), false), swapped = load(beginning.data(), true);
  return native == magic_us || native == magic_ns || swapped == magic_us || swapped == magic_ns;
}

Result<std::unique_ptr<CaptureFile>> open_pcap(std::unique_ptr<ByteSource> source) {
  const Bytes header = source->need(file_header);
  if (header.size() < file_header)
    return Error{"the file header is cut off at offset " + std::to_string(header.size())};
  uint32_t magic = load(header.data(), false);
  const bool swapped = magic != magic_us && magic != magic_ns;
  if (swapped) magic = __builtin_bswap32(magic);
  const auto link = static_cast<LinkType>(load(&header[20], swapped) & 0xffff);  // above it: FCS length
  source->skip(file_header);
  return std::unique_ptr<CaptureFile>(
      std::make_unique<PcapFile>(std::move(source), swapped, magic == magic_ns, link));
}

}  // namespace vmoat
