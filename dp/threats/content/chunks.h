// The chunked coding of HTTP/1 (RFC 9112, 7.1): sizes, and the data between them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace vmoat {

struct ChunkLine {
  size_t line_bytes = 0;  // 0: not whole
  uint32_t size = 0;
  bool wrong = false;
};

/** "1a;extension" CRLF. */
ChunkLine read_chunk_line(std::string_view text);

/** Bytes of the line end that stands behind a chunk's data; 0: none does. */
size_t line_end(std::string_view text);

/** Data of the chunks at hand, and where the walk over them ended. */
struct Chunks {
  size_t size = 0;    // of the data
  size_t at = 0;      // behind what was walked
  uint32_t left = 0;  // of the chunk at hand
  bool last = false, wrong = false;
};

/** `left`: of the chunk at hand. Goes on to the last chunk, or until `data` is full. */
Chunks walk_chunks(std::string_view text, uint32_t left, std::span<char> data);

}  // namespace vmoat
