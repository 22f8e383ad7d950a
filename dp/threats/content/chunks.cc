#include "threats/content/chunks.h"

#include <algorithm>

#include "threats/content/decode.h"

namespace vmoat {
namespace {

constexpr uint64_t size_max = UINT32_MAX;
constexpr size_t line_bytes_max = 512;

}  // namespace

ChunkLine read_chunk_line(std::string_view text) {
  ChunkLine chunk;
  const size_t end = text.substr(0, line_bytes_max).find('\n');
  size_t digits = 0;
  uint64_t size = 0;
  while (digits < std::min(end, text.size()) && hex_digit(text[digits]) >= 0) {
    size = std::min<uint64_t>(size * 16 + static_cast<uint64_t>(hex_digit(text[digits])), size_max);
    digits++;
  }
  chunk.wrong = (end != text.npos && digits == 0) || size == size_max ||
                (end == text.npos && text.size() >= line_bytes_max);
  if (end == text.npos) return chunk;
  chunk.line_bytes = end + 1;
  chunk.size = static_cast<uint32_t>(size);
  return chunk;
}

size_t line_end(std::string_view text) {
  return text.starts_with("\r\n") ? 2 : text.starts_with('\n') ? 1 : 0;
}

Chunks walk_chunks(std::string_view text, uint32_t left, std::span<char> data) {
  Chunks walk{.left = left};
  while (!walk.last && walk.size < data.size()) {
    const std::string_view rest = text.substr(walk.at);
    if (walk.left == 0) {
      const size_t blank = line_end(rest);
      const ChunkLine chunk = read_chunk_line(rest.substr(blank));
      walk.wrong = chunk.wrong;
      if (chunk.wrong || chunk.line_bytes == 0) break;
      walk.at += blank + chunk.line_bytes;
      walk.left = chunk.size;
      walk.last = chunk.size == 0;
      continue;
    }
    const size_t here = std::min<size_t>({walk.left, rest.size(), data.size() - walk.size});
    if (here == 0) break;
    rest.copy(data.data() + walk.size, here);
    walk.size += here;
    walk.at += here;
    walk.left -= static_cast<uint32_t>(here);
  }
  return walk;
}

}  // namespace vmoat
