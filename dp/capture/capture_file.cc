// The registry of capture formats, and the choice among them by a file's first bytes.
#include "capture/capture_file.h"

#include "capture/formats.h"

namespace vmoat {

namespace {

constexpr CaptureFormat formats[] = {
    {"pcap", is_pcap, open_pcap},
    {"pcapng", is_pcapng, open_pcapng},
};

}  // namespace

std::span<const CaptureFormat> capture_formats() {
  return formats;
}

Result<std::unique_ptr<CaptureFile>> open_capture(const std::string& path) {
  auto source = open_bytes(path);
  if (!source) return std::move(source.error());
  const Bytes beginning = (*source)->need(24);
  const auto failure = (*source)->failure();
  if (failure && beginning.size() < 24) return Error{path + ": " + *failure};
  for (const CaptureFormat& format : formats) {
    if (!format.matches(beginning)) continue;
    auto file = format.open(std::move(*source));
    if (!file) return std::move(file.error()).in(path);
    return file;
  }
  return Error{path + (beginning.empty() ? ": is empty" : ": is neither pcap nor pcapng")};
}

}  // namespace vmoat
