// pcapng: blocks of sections; packets come in enhanced, simple and obsolete packet blocks.
#include <algorithm>
#include <vector>

#include "capture/formats.h"

namespace vmoat {

namespace {

constexpr uint32_t section_header = 0x0a0d0d0a, byte_order = 0x1a2b3c4d, interface_description = 1,
                   packet_block = 2, simple_packet = 3, enhanced_packet = 6;
constexpr uint16_t option_end = 0, option_tsresol = 9, option_tsoffset = 14;
constexpr size_t block_overhead = 12, interfaces_max = 65536;

/** A capture interface: how its frames and times are meant. */
struct Interface {
  LinkType link = LinkType::ethernet;
  uint32_t snap = 0;
  uint64_t ticks_per_s = 1'000'000;
  int64_t offset_s = 0;
};

class PcapngFile final : public CaptureFile {
 public:
  explicit PcapngFile(std::unique_ptr<ByteSource> source) : source_(std::move(source)) {}

  size_t read(std::span<Frame> out) override {
    size_t count = 0;
    while (count < out.size() && !broken_) {
      Bytes block = source_->at_hand();
      const bool whole = is_whole(block);
      if (!whole && count > 0) break;  // more bytes would void the frames given out
      if (!whole && !fetch(block)) break;
      block = block.first(length_of(block));
      if (take(block, out[count])) count++;
      source_->skip(block.size());
    }
    return count;
  }
  [[nodiscard]] const std::optional<BrokenAt>& broken() const override { return broken_; }
  [[nodiscard]] uint64_t offset() const override { return source_->offset(); }
  [[nodiscard]] uint64_t size() const override { return source_->size(); }

 private:
  [[nodiscard]] uint32_t u32(const uint8_t* p) const {
    uint32_t v;
    std::memcpy(&v, p, sizeof v);
    return swapped_ ? __builtin_bswap32(v) : v;
  }
  [[nodiscard]] uint16_t u16(const uint8_t* p) const {
    uint16_t v;
    std::memcpy(&v, p, sizeof v);
    return swapped_ ? __builtin_bswap16(v) : v;
  }
  [[nodiscard]] uint32_t length_of(Bytes block) const { return u32(&block[4]); }

  /** A new section may change the byte order: its header says so in the bytes behind its length. */
  [[nodiscard]] bool is_whole(Bytes bytes) const {
    if (bytes.size() < block_overhead || u32(bytes.data()) == section_header) return false;
    return length_of(bytes) >= block_overhead && length_of(bytes) <= bytes.size();
  }

  bool fetch(Bytes& block) {
    block = source_->need(block_overhead);
    if (block.empty()) return broken_if(source_->failure());
    if (block.size() < block_overhead) return broken_by("a block header is cut off");
    if (u32(block.data()) == section_header && !begin_section(block)) return false;
    const uint32_t length = length_of(block);
    if (length < block_overhead || length > record_bytes_max)
      return broken_by("a block claims to hold " + std::to_string(length) + " bytes");
    block = source_->need(length);
    if (block.size() < length) return broken_by("a block is cut off");
    return true;
  }
  bool begin_section(Bytes block) {
    uint32_t order;
    std::memcpy(&order, &block[8], sizeof order);
    if (order != byte_order && order != __builtin_bswap32(byte_order))
      return broken_by("a section header has no byte-order mark");
    swapped_ = order != byte_order;
    interfaces_before_ += interfaces_.size();
    interfaces_.clear();
    return true;
  }
  bool broken_if(std::optional<std::string> failure) {
    if (failure) broken_ = {source_->offset(), *failure};
    return false;
  }
  bool broken_by(std::string reason) { return broken_if(source_->failure().value_or(std::move(reason))); }

  /** True when the block was a packet. */
  bool take(Bytes block, Frame& out) {
    const Bytes body = block.subspan(8, block.size() - block_overhead);
    switch (u32(block.data())) {
      case interface_description:
        describe(body);
        return false;
      case enhanced_packet:
        enhanced(body, out);
        return true;
      case simple_packet:
        simple(body, out);
        return true;
      case packet_block:
        obsolete(body, out);
        return true;
      default:
        return false;
    }
  }

  void describe(Bytes body) {
    Interface i;
    if (body.size() >= 8) {
      i.link = static_cast<LinkType>(u16(&body[0]));
      i.snap = u32(&body[4]);
      read_options(body.subspan(8), i);
    }
    if (interfaces_before_ + interfaces_.size() < interfaces_max) interfaces_.push_back(i);
  }

  void read_options(Bytes options, Interface& i) const {
    while (options.size() >= 4 && u16(&options[0]) != option_end) {
      const size_t length = u16(&options[2]), padded = (length + 3) & ~size_t{3};
      if (length > options.size() - 4) return;
      const uint8_t* value = &options[0] + 4;
      if (u16(&options[0]) == option_tsresol && length == 1) i.ticks_per_s = ticks(*value);
      if (u16(&options[0]) == option_tsoffset && length == 8)
        i.offset_s = static_cast<int64_t>(swapped_ ? uint64_t{u32(value)} << 32 | u32(value + 4)
                                                   : uint64_t{u32(value + 4)} << 32 | u32(value));
      options = options.subspan(std::min(4 + padded, options.size()));
    }
  }
  /** if_tsresol: a negative power of ten, or of two where the top bit is set. */
  static uint64_t ticks(uint8_t resolution) {
    const int exponent = resolution & 0x7f;
    if ((resolution & 0x80) != 0) return uint64_t{1} << std::min(exponent, 62);
    uint64_t t = 1;
    for (int i = 0; i < std::min(exponent, 18); i++) t *= 10;
    return t;
  }

  [[nodiscard]] const Interface& interface(uint32_t number) const {
    static const Interface unknown{.link = static_cast<LinkType>(0xffff)};
    return number < interfaces_.size() ? interfaces_[number] : unknown;
  }

  int64_t time(uint64_t ticks, const Interface& i) {
    const auto ns = static_cast<__int128>(ticks) * 1'000'000'000 / i.ticks_per_s +
                    static_cast<__int128>(i.offset_s) * 1'000'000'000;
    return time_ns_ = static_cast<int64_t>(std::clamp<__int128>(ns, 0, frame_time_max_ns));
  }

  void fill(Bytes data, uint32_t captured, uint32_t length, uint32_t number, Frame& out) const {
    out = {};
    out.bytes = data.first(std::min<size_t>(captured, data.size()));
    out.length = std::max(length, static_cast<uint32_t>(out.bytes.size()));
    out.segment = static_cast<uint32_t>(interfaces_before_) + number;
    out.link = interface(number).link;
    out.time_ns = time_ns_;
  }

  void enhanced(Bytes body, Frame& out) {
    if (body.size() < 20) return fill({}, 0, 0, 0, out);
    const uint32_t number = u32(&body[0]);
    time(uint64_t{u32(&body[4])} << 32 | u32(&body[8]), interface(number));
    fill(body.subspan(20), u32(&body[12]), u32(&body[16]), number, out);
  }
  /** It bears no time: the previous packet's is the nearest. */
  void simple(Bytes body, Frame& out) const {
    if (body.size() < 4) return fill({}, 0, 0, 0, out);
    const uint32_t length = u32(&body[0]), snap = interface(0).snap;
    fill(body.subspan(4), snap != 0 ? std::min(length, snap) : length, length, 0, out);
  }
  void obsolete(Bytes body, Frame& out) {
    if (body.size() < 20) return fill({}, 0, 0, 0, out);
    const uint32_t number = u16(&body[0]);
    time(uint64_t{u32(&body[4])} << 32 | u32(&body[8]), interface(number));
    fill(body.subspan(20), u32(&body[12]), u32(&body[16]), number, out);
  }

  std::unique_ptr<ByteSource> source_;
  bool swapped_ = false;
  std::vector<Interface> interfaces_;
  size_t interfaces_before_ = 0;  // of earlier sections: segments count on
  int64_t time_ns_ = 0;
  std::optional<BrokenAt> broken_;
};

}  // namespace

bool is_pcapng(Bytes beginning) {
  return beginning.size() >= 4 && beginning[0] == 0x0a && beginning[1] == 0x0d && beginning[2] == 0x0d &&
         beginning[3] == 0x0a;
}

Result<std::unique_ptr<CaptureFile>> open_pcapng(std::unique_ptr<ByteSource> source) {
  return std::unique_ptr<CaptureFile>(std::make_unique<PcapngFile>(std::move(source)));
}

}  // namespace vmoat
