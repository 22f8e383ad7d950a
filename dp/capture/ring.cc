// Ring buffer reader (kernel documentation: bpf/ringbuf.rst).
#include "capture/ring.h"

#include <linux/bpf.h>
#include <sys/mman.h>
#include <unistd.h>

#include <utility>

namespace vmoat {
namespace {

size_t page_bytes() {
  return static_cast<size_t>(::sysconf(_SC_PAGESIZE));
}

uint64_t record_bytes(uint32_t length) {
  return (uint64_t{length} + BPF_RINGBUF_HDR_SZ + 7) & ~uint64_t{7};
}

}  // namespace

Result<Ring> Ring::map(Fd fd, uint32_t bytes) {
  Ring ring(std::move(fd), bytes);
  void* own = ::mmap(nullptr, page_bytes(), PROT_READ | PROT_WRITE, MAP_SHARED, ring.fd(), 0);
  if (own == MAP_FAILED) return system_error("map ring position");
  ring.consumer_ = static_cast<uint64_t*>(own);
  void* theirs = ::mmap(nullptr, page_bytes() + 2 * size_t{bytes}, PROT_READ, MAP_SHARED, ring.fd(),
                        static_cast<off_t>(page_bytes()));
  if (theirs == MAP_FAILED) return system_error("map ring");
  ring.producer_ = static_cast<const uint64_t*>(theirs);
  ring.data_ = static_cast<const uint8_t*>(theirs) + page_bytes();
  ring.next_ = __atomic_load_n(ring.consumer_, __ATOMIC_ACQUIRE);
  return ring;
}

Ring::Ring(Ring&& other) noexcept
    : fd_(std::move(other.fd_)),
      bytes_(other.bytes_),
      consumer_(std::exchange(other.consumer_, nullptr)),
      producer_(std::exchange(other.producer_, nullptr)),
      data_(other.data_),
      next_(other.next_) {}

Ring::~Ring() {
  if (consumer_) ::munmap(consumer_, page_bytes());
  if (producer_) ::munmap(const_cast<uint64_t*>(producer_), page_bytes() + 2 * size_t{bytes_});
}

size_t Ring::peek(std::span<const vmoat_event*> events) {
  const uint64_t end = __atomic_load_n(producer_, __ATOMIC_ACQUIRE);
  size_t count = 0;
  while (count < events.size() && next_ < end) {
    const uint8_t* record = data_ + (next_ & (bytes_ - 1));
    const uint32_t length = __atomic_load_n(reinterpret_cast<const uint32_t*>(record), __ATOMIC_ACQUIRE);
    if (length & BPF_RINGBUF_BUSY_BIT) break;
    if (!(length & BPF_RINGBUF_DISCARD_BIT))
      events[count++] = reinterpret_cast<const vmoat_event*>(record + BPF_RINGBUF_HDR_SZ);
    next_ += record_bytes(length & ~(BPF_RINGBUF_BUSY_BIT | BPF_RINGBUF_DISCARD_BIT));
  }
  return count;
}

void Ring::release() {
  __atomic_store_n(consumer_, next_, __ATOMIC_RELEASE);
}

}  // namespace vmoat
