// SPDX-License-Identifier: GPL-2.0
/*
 * triple: a triple fault, with its argument in RBX, where a dump can be told by it.
 *
 * World: a guest.
 */
#include "guest.h"

int guest(uint64_t arg)
{
	static const struct {
		uint16_t limit;
		uint64_t base;
	} __attribute__((packed)) none;

	print("triple\n");
	asm volatile("lidt %0; ud2" : : "m" (none), "b" (arg));
	return 1;
}
