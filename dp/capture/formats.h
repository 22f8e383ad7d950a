// The capture formats that the registry names.
#pragma once

#include "capture/capture_file.h"

namespace vmoat {

/** libpcap's classic format, both byte orders, microseconds or nanoseconds (draft-ietf-opsawg-pcap). */
bool is_pcap(Bytes beginning);
Result<std::unique_ptr<CaptureFile>> open_pcap(std::unique_ptr<ByteSource> source);

/** pcapng, both byte orders, several sections and interfaces (draft-ietf-opsawg-pcapng). */
bool is_pcapng(Bytes beginning);
Result<std::unique_ptr<CaptureFile>> open_pcapng(std::unique_ptr<ByteSource> source);

}  // namespace vmoat
