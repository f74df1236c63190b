/* SPDX-License-Identifier: GPL-2.0 */
/* User-space shim: random numbers, the same in every run. */
#ifndef SHIM_LINUX_RANDOM_H
#define SHIM_LINUX_RANDOM_H

#include <linux/types.h>

static inline u64 get_random_u64(void)
{
	static u64 state = 0x9e3779b97f4a7c15ULL;

	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

static inline u32 get_random_u32(void)
{
	return get_random_u64() >> 32;
}

#endif /* SHIM_LINUX_RANDOM_H */
