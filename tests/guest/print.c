// SPDX-License-Identifier: GPL-2.0
/*
 * Printing to the serial port, whose other end takes whatever comes: there is no
 * wait for it.
 *
 * World: a guest.
 */
#include "guest.h"

/**
 * print() - print a text
 * @text: the text
 */
void print(const char *text)
{
	for (; *text; text++)
		outb(SERIAL, *text);
}

static void print_base(uint64_t val, unsigned int base)
{
	char digits[21], *at = digits + sizeof(digits) - 1;

	*at = 0;
	do {
		*--at = "0123456789abcdef"[val % base];
		val /= base;
	} while (val);
	print(at);
}

/**
 * print_dec() - print a number
 * @val: the number
 */
void print_dec(uint64_t val)
{
	print_base(val, 10);
}

/**
 * print_hex() - print a number in hexadecimal, with 0x
 * @val: the number
 */
void print_hex(uint64_t val)
{
	print("0x");
	print_base(val, 16);
}
