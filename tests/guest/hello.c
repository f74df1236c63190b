// SPDX-License-Identifier: GPL-2.0
/*
 * hello: the smallest guest that says something, and ends with its argument as the
 * exit code.
 *
 * World: a guest.
 */
#include "guest.h"

int guest(uint64_t arg)
{
	print("hello\n");
	return arg;
}
