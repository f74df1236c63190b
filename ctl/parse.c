// SPDX-License-Identifier: GPL-2.0
/*
 * Numbers on the command line.  They are taken whole or not at all: no signs, no
 * blanks, no fractions where none make sense, nothing that does not fit.
 */
#include <string.h>

#include "ctl.h"
#include "parse.h"

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static int digit(char c, unsigned int base)
{
	if (is_digit(c))
		return c - '0';
	if (base == 16 && c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (base == 16 && c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* What is left behind the digits, or NULL when there are none or too many */
static const char *digits(const char *text, unsigned int base, __u64 *val)
{
	const char *at = text;

	for (*val = 0; digit(*at, base) >= 0; at++)
		if (__builtin_mul_overflow(*val, base, val) ||
		    __builtin_add_overflow(*val, digit(*at, base), val))
			return NULL;
	return at == text ? NULL : at;
}

/* A number in C's form: decimal, or hexadecimal behind 0x; "010" is ten. */
static const char *number(const char *text, __u64 *val)
{
	if (text[0] == '0' && (text[1] == 'x' || text[1] == 'X'))
		return digits(text + 2, 16, val);
	return digits(text, 10, val);
}

/**
 * parse_size() - a number of bytes, with K, M, G or T for powers of 1024
 * @what: the option, for what is said of it
 * @text: its argument; "KiB" is the same as "K", and "B" may follow a plain number
 * @val: filled
 *
 * Return: false when it is none; that has been said.
 */
bool parse_size(const char *what, const char *text, __u64 *val)
{
	static const char units[] = "KMGT";
	const char *at = number(text, val), *unit;
	unsigned int shift = 0;

	if (at && *at) {
		unit = strchr(units, *at & ~0x20);
		if (unit && *unit && (!at[1] || !strcmp(at + 1, "iB")))
			shift = 10 * (unit - units + 1);
		else if (strcmp(at, "B"))
			at = NULL;
	}
	if (at && !(*val << shift >> shift == *val))
		at = NULL;
	if (!at)
		ctl_warn("%s: '%s' is no size: a number, and perhaps K, M, G or T (or KiB...), such as 128M",
			 what, text);
	else
		*val <<= shift;
	return at;
}

/**
 * parse_number() - a number of 64 bits, such as an address
 * @what: the option
 * @text: its argument, decimal or with 0x
 * @val: filled
 *
 * Return: false when it is none; that has been said.
 */
bool parse_number(const char *what, const char *text, __u64 *val)
{
	const char *at = number(text, val);

	if (at && !*at)
		return true;
	ctl_warn("%s: '%s' is no number: decimal, or hexadecimal with 0x", what, text);
	return false;
}

/**
 * parse_u32() - a count
 * @what: the option
 * @text: its argument, decimal
 * @val: filled
 *
 * Return: false when it is none; that has been said.
 */
bool parse_u32(const char *what, const char *text, __u32 *val)
{
	__u64 wide;
	const char *at = digits(text, 10, &wide);

	if (!at || *at || wide > 0xffffffff) {
		ctl_warn("%s: '%s' is no number of at most 4294967295", what, text);
		return false;
	}
	*val = wide;
	return true;
}

/**
 * parse_seconds() - a time
 * @what: the option
 * @text: its argument: seconds, with up to three decimals
 * @val: filled with milliseconds
 *
 * Return: false when it is none; that has been said.
 */
bool parse_seconds(const char *what, const char *text, __u32 *val)
{
	__u64 wide, part = 0;
	const char *at = digits(text, 10, &wide);
	unsigned int i;

	if (at && *at == '.') {
		at++;
		if (!is_digit(*at))
			at = NULL;
		for (i = 0; at && i < 3; i++)
			part = part * 10 + (is_digit(*at) ? *at++ - '0' : 0);
	}
	/* as an int it has to serve poll(), too */
	if (!at || *at || wide > 2000000) {
		ctl_warn("%s: '%s' is no time: seconds of at most 2000000, such as 10 or 0.5",
			 what, text);
		return false;
	}
	*val = wide * 1000 + part;
	return true;
}
