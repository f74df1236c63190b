/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Calls to root for a guest.
 *
 * World: host.
 */
#ifndef KEEL_CALL_H
#define KEEL_CALL_H

#include <linux/stddef.h>
#include <linux/types.h>

#include "abi.h"

struct keel;

/**
 * struct keel_with - what goes with a call, in the page that the CPU shares with root
 * @at: where in struct keel_shared
 * @in: put there before, or NULL
 * @out: taken from there when the call has succeeded, or NULL
 * @size: bytes of it
 */
struct keel_with {
	size_t at;
	const void *in;
	void *out;
	size_t size;
};

#define KEEL_WITH(field, ...) \
	(&(struct keel_with){ .at = offsetof(struct keel_shared, field), __VA_ARGS__ })

void keel_call_init(struct keel *keel);
bool keel_vm_step_fails(void);
s64 keel_call_once(u64 nr, u64 a, u64 b, u64 c, const struct keel_with *with);
s64 keel_call(u64 nr, u64 a, u64 b, u64 c, const struct keel_with *with);
s64 keel_call_growing(u64 nr, u64 a, u64 b, u64 c, const struct keel_with *with);
void keel_call_park(void);

#endif /* KEEL_CALL_H */
