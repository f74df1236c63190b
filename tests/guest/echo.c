// SPDX-License-Identifier: GPL-2.0
/*
 * echo: says in capitals what is said to it, until a q, or until it is asked to stop.
 *
 * World: a guest.
 */
#include "guest.h"

int guest(uint64_t arg)
{
	uint8_t c = 0;

	print("echo\n");
	while (c != 'q' && !is_asked()) {
		if (!(inb(SERIAL_LSR) & LSR_DATA))
			continue;
		c = inb(SERIAL);
		outb(SERIAL, c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
	}
	print("\n");
	return c == 'q' ? arg : 0;
}
