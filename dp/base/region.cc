// Region: reserved by mmap without swap accounting, in huge pages where the kernel gives them.
#include "base/region.h"

#include <sys/mman.h>

#include <cstdio>
#include <cstdlib>

namespace vmoat {

namespace {
constexpr size_t huge_page = 2 << 20;
}

Region::Region(size_t bytes) : size_((bytes + 4095) & ~size_t{4095}) {
  if (size_ == 0) return;
  void* at = mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (at == MAP_FAILED) {
    std::fprintf(stderr, "out of memory: cannot reserve %zu bytes\n", size_);
    std::abort();
  }
  if (size_ >= 4 * huge_page) {
    // advice only: without it the table is slower, and a worker waits for its first page when a guest does
    madvise(at, size_, MADV_HUGEPAGE);
    madvise(at, huge_page, MADV_POPULATE_WRITE);
  }
  data_ = static_cast<uint8_t*>(at);
}

Region::~Region() {
  if (data_ != nullptr) munmap(data_, size_);
}

}  // namespace vmoat
