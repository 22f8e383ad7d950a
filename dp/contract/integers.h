// The integers of fixed size, for eBPF programs as for C++.
#pragma once

#ifdef __cplusplus
#include <cstdint>
#else /* eBPF has no C library */
#include <linux/types.h>
typedef __u8 uint8_t;
typedef __u16 uint16_t;
typedef __u32 uint32_t;
typedef __u64 uint64_t;
#endif
