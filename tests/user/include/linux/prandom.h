/* SPDX-License-Identifier: GPL-2.0 */
/* User-space shim: the kernel's seeded generator (Tausworthe), number for number. */
#ifndef SHIM_LINUX_PRANDOM_H
#define SHIM_LINUX_PRANDOM_H

#include <linux/types.h>

struct rnd_state {
	u32 s1, s2, s3, s4;
};

#define SHIM_TAUSWORTHE(s, a, b, c, d)	((((s) & (c)) << (d)) ^ ((((s) << (a)) ^ (s)) >> (b)))

static inline u32 prandom_u32_state(struct rnd_state *state)
{
	state->s1 = SHIM_TAUSWORTHE(state->s1, 6U, 13U, 4294967294U, 18U);
	state->s2 = SHIM_TAUSWORTHE(state->s2, 2U, 27U, 4294967288U, 2U);
	state->s3 = SHIM_TAUSWORTHE(state->s3, 13U, 21U, 4294967280U, 7U);
	state->s4 = SHIM_TAUSWORTHE(state->s4, 3U, 12U, 4294967168U, 13U);
	return state->s1 ^ state->s2 ^ state->s3 ^ state->s4;
}

static inline u32 shim_seed(u32 x, u32 least)
{
	return x < least ? x + least : x;
}

static inline void prandom_seed_state(struct rnd_state *state, u64 seed)
{
	u32 i = ((seed >> 32) ^ (seed << 10) ^ seed) & 0xffffffffUL;

	state->s1 = shim_seed(i, 2U);
	state->s2 = shim_seed(i, 8U);
	state->s3 = shim_seed(i, 16U);
	state->s4 = shim_seed(i, 128U);
}

#endif /* SHIM_LINUX_PRANDOM_H */
