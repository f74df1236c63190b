// SPDX-License-Identifier: GPL-2.0
/*
 * spin: never gives up its CPU, takes no interrupt, and does not look whether it is
 * asked to stop.
 *
 * World: a guest.
 */
#include "guest.h"

int guest(uint64_t arg)
{
	print("spin\n");
	if (!vcpu() && has_others())
		start_others(arg);
	asm volatile("cli; 1: jmp 1b" : : "D" (arg));
	return 1;
}
