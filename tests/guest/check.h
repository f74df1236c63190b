/* SPDX-License-Identifier: GPL-2.0 */
/*
 * For programs that try something: what is not as it has to be is told, and is the end.
 *
 * World: a guest.
 */
#ifndef TESTS_GUEST_CHECK_H
#define TESTS_GUEST_CHECK_H

#include "guest.h"

/* In ticks, longer than anything takes that comes at all */
#define PATIENCE	400000000UL

/* It has to be so, or the guest ends here. */
static void check(bool ok, const char *what)
{
	if (ok)
		return;
	print("failed: ");
	print(what);
	print("\n");
	outb(DEBUG_EXIT, 1);
	for (;;)
		asm volatile("cli; hlt");
}

#define CHECK(cond) check(cond, #cond)

/* Until a condition holds; for a while only */
#define WAIT(cond) do {						\
	uint64_t until_ = ticks() + PATIENCE;			\
								\
	while (!(cond) && ticks() < until_)			\
		asm volatile("pause" : : : "memory");		\
	CHECK(cond);						\
} while (0)

#endif /* TESTS_GUEST_CHECK_H */
