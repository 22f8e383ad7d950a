// SipHash-1-3 over 64-bit words (Aumasson, Bernstein 2012): the seeded hash of every table that strangers
// fill.
#pragma once

#include <cstddef>
#include <cstdint>

namespace vmoat {

class SipHash {
 public:
  SipHash() = default;
  SipHash(uint64_t seed0, uint64_t seed1) : seed0_(seed0), seed1_(seed1) {}

  /** Hash of `count` words; the length is part of it. */
  uint64_t operator()(const uint64_t* words, size_t count) const {
    uint64_t v0 = seed0_ ^ 0x736f6d6570736575, v1 = seed1_ ^ 0x646f72616e646f6d;
    uint64_t v2 = seed0_ ^ 0x6c7967656e657261, v3 = seed1_ ^ 0x7465646279746573;
    for (size_t i = 0; i < count; i++) absorb(v0, v1, v2, v3, words[i]);
    absorb(v0, v1, v2, v3, static_cast<uint64_t>(count) << 59);
    v2 ^= 0xff;
    for (int i = 0; i < 3; i++) round(v0, v1, v2, v3);
    return v0 ^ v1 ^ v2 ^ v3;
  }

 private:
  static uint64_t rotate(uint64_t x, int by) { return x << by | x >> (64 - by); }
  static void round(uint64_t& v0, uint64_t& v1, uint64_t& v2, uint64_t& v3) {
    v0 += v1, v1 = rotate(v1, 13), v1 ^= v0, v0 = rotate(v0, 32);
    v2 += v3, v3 = rotate(v3, 16), v3 ^= v2;
    v0 += v3, v3 = rotate(v3, 21), v3 ^= v0;
    v2 += v1, v1 = rotate(v1, 17), v1 ^= v2, v2 = rotate(v2, 32);
  }
  static void absorb(uint64_t& v0, uint64_t& v1, uint64_t& v2, uint64_t& v3, uint64_t word) {
    v3 ^= word;
    round(v0, v1, v2, v3);
    v0 ^= word;
  }

  uint64_t seed0_ = 0, seed1_ = 0;
};

}  // namespace vmoat
