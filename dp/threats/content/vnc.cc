// The splitter of VNC (RFC 6143, 7.1): the result of VNC authentication, 1 or 2 where it was refused.
#include "threats/content/content.h"

namespace vmoat {
namespace {

constexpr size_t version_bytes = 12, challenge_bytes = 16;
constexpr uint8_t vnc_authentication = 2;

enum class Phase : uint8_t { version, types, challenge, result };

struct Memory {
  Phase phase = Phase::version;
  bool old = false;  // 3.3: the server chooses
  uint8_t chosen = 0;
  bool client_greeted = false;
};

/** The client's version, and from 3.7 on the type it chooses. */
size_t split_client(const Content& content, Memory& memory) {
  size_t taken = 0;
  if (!memory.client_greeted) {
    if (content.data.size() < version_bytes) return 0;
    memory.client_greeted = true;
    memory.old = as_text(content.data).starts_with("RFB 003.003");
    taken = version_bytes;
  }
  if (memory.old) return content_done;
  if (content.data.size() == taken) return taken;
  memory.chosen = content.data[taken];
  return content_done;
}

/** Bytes of the step at hand; 0 while they are not there, content_done where nothing is left to see. */
size_t step(Bytes bytes, Memory& memory, ContentSink& sink) {
  ByteReader in(bytes);
  switch (memory.phase) {
    case Phase::version:
      if (bytes.size() < version_bytes) return 0;
      memory.phase = Phase::types;
      return version_bytes;
    case Phase::types: {
      if (memory.old)
        memory.chosen = static_cast<uint8_t>(in.be32());
      else
        in.skip(in.u8());
      if (!in.ok()) return 0;
      memory.phase = Phase::challenge;
      return in.offset();
    }
    case Phase::challenge:
      if (memory.chosen != vnc_authentication) return content_done;
      if (bytes.size() < challenge_bytes) return 0;
      memory.phase = Phase::result;
      return challenge_bytes;
    case Phase::result: {
      const uint32_t result = in.be32();
      if (!in.ok()) return 0;
      if (result == 1 || result == 2) sink.login({.application = "vnc", .reason = "authentication failed"});
      return content_done;
    }
  }
  return content_done;
}

size_t split(const Content& content, ContentState& state, ContentSink& sink) {
  auto memory = state.as<Memory>();
  size_t taken = 0;
  if (content.from_client) {
    taken = split_client(content, memory);
  } else {
    while (taken < content.data.size()) {
      const size_t size = step(content.data.subspan(taken), memory, sink);
      if (size == content_done) return content_done;
      if (size == 0) break;
      taken += size;
    }
  }
  state.keep(memory);
  return taken;
}

}  // namespace

extern const Splitter vnc_splitter;
const Splitter vnc_splitter{"vnc", 64, 4096, split};

}  // namespace vmoat
