// SPDX-License-Identifier: GPL-2.0
/*
 * outside: reads from the address that its argument says, which is to be beyond its
 * memory, or writes there if the address is odd.
 *
 * World: a guest.
 */
#include "guest.h"

int guest(uint64_t arg)
{
	volatile uint8_t *at = (void *)arg;

	print(arg & 1 ? "outside: writes to " : "outside: reads from ");
	print_hex(arg);
	print("\n");
	if (arg & 1)
		*at = 0x55;
	else
		(void)*at;
	print("outside: nobody minds\n");
	return 1;
}
