// SPDX-License-Identifier: GPL-2.0
/*
 * Text for people: names that cannot be mistaken or do harm, sizes, times, and
 * tables with columns as wide as what is in them.
 *
 * A name is any bytes but NUL.  One that is not plain is put in quotes, as C has
 * them; so that no name can move the cursor, or look like another one and a state.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"

/* Texts that one line may need at a time */
#define SLOTS 8
#define SLOT 320

/* Of one table, at most */
#define COLUMNS 16

static char slots[SLOTS][SLOT];

static char *slot(void)
{
	static unsigned int next;

	return slots[next++ % SLOTS];
}

/**
 * text_utf8() - a character at the beginning of a string
 * @s: the string, not empty
 *
 * Return: how many bytes it has in UTF-8, or 0 if it is none.
 */
size_t text_utf8(const char *s)
{
	const unsigned char *at = (const unsigned char *)s;
	static const __u32 least[] = { [2] = 0x80, [3] = 0x800, [4] = 0x10000 };
	__u32 code;
	size_t len, i;

	if (*at < 0x80)
		return 1;
	if ((*at & 0xe0) == 0xc0)
		len = 2;
	else if ((*at & 0xf0) == 0xe0)
		len = 3;
	else if ((*at & 0xf8) == 0xf0)
		len = 4;
	else
		return 0;
	code = *at & (0x7f >> len);
	for (i = 1; i < len; i++) {
		if ((at[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (at[i] & 0x3f);
	}
	if (code < least[len] || code > 0x10ffff || (code >= 0xd800 && code < 0xe000))
		return 0;
	return len;
}

/* C1 controls, and what changes the direction of writing or has no width */
static bool is_odd(const char *s, size_t len)
{
	const unsigned char *at = (const unsigned char *)s;

	if (len == 2)
		return at[0] == 0xc2 && at[1] < 0xa1;
	if (len == 3 && at[0] == 0xe2)
		return (at[1] == 0x80 && ((at[2] >= 0x8b && at[2] <= 0x8f) ||
					  (at[2] >= 0xa8 && at[2] <= 0xaf))) ||
		       (at[1] == 0x81 && at[2] >= 0xa0 && at[2] <= 0xaf);
	return len == 3 && at[0] == 0xef && at[1] == 0xbb && at[2] == 0xbf;
}

static bool is_plain(const char *s)
{
	size_t len;

	if (!*s)
		return false;
	for (; *s; s += len) {
		len = text_utf8(s);
		if (!len || is_odd(s, len) || (unsigned char)*s <= ' ' || strchr("\"\\\177", *s))
			return false;
	}
	return true;
}

/**
 * text_quote() - a name, as people are to read it
 * @s: the name
 *
 * Return: itself, or in quotes where it is not plain; good until some more texts
 * have been made.
 */
const char *text_quote(const char *s)
{
	char *buf = slot(), *to = buf;
	size_t len;

	if (is_plain(s) && strlen(s) < SLOT)
		return strcpy(buf, s);
	*to++ = '"';
	for (; *s && to < buf + SLOT - 8; s += len) {
		len = text_utf8(s);
		if (*s == '"' || *s == '\\') {
			*to++ = '\\';
			*to++ = *s;
		} else if (*s == '\n') {
			to = stpcpy(to, "\\n");
		} else if (*s == '\t') {
			to = stpcpy(to, "\\t");
		} else if (!len || (unsigned char)*s < ' ' || *s == 0x7f || is_odd(s, len)) {
			to += sprintf(to, "\\x%02x", (unsigned char)*s);
			len = 1;
			/* the rest of an odd character is bytes, too */
			for (; ((unsigned char)s[len] & 0xc0) == 0x80 && to < buf + SLOT - 8;
			     len++)
				to += sprintf(to, "\\x%02x", (unsigned char)s[len]);
		} else {
			to = mempcpy(to, s, len);
		}
	}
	strcpy(to, "\"");
	return buf;
}

/**
 * text_size() - a number of bytes
 * @bytes: how many
 *
 * Return: three or four digits and a unit, such as 128M or 1.5G; good until some
 * more texts have been made.
 */
const char *text_size(__u64 bytes)
{
	static const char units[] = " KMGTPE";
	char *buf = slot();
	unsigned int unit = 0;
	double val = bytes;

	for (; val >= 1024 && unit < 6; unit++)
		val /= 1024;
	if (!unit)
		sprintf(buf, "%llu", (unsigned long long)bytes);
	else
		sprintf(buf, val == (int)val || val >= 100 ? "%.0f%c" : "%.1f%c", val, units[unit]);
	return buf;
}

/**
 * text_time() - a length of time
 * @ns: in nanoseconds
 *
 * Return: such as 1.25 s, 3:05:09 or 2 d 3:05:09; good until some more texts have
 * been made.
 */
const char *text_time(__u64 ns)
{
	char *buf = slot();
	unsigned long long s = ns / 1000000000, days = s / 86400;

	if (s < 60)
		sprintf(buf, "%.2f s", ns / 1e9);
	else if (!days)
		sprintf(buf, "%llu:%02llu:%02llu", s / 3600, s / 60 % 60, s % 60);
	else
		sprintf(buf, "%llu d %llu:%02llu:%02llu", days, s / 3600 % 24, s / 60 % 60, s % 60);
	return buf;
}

static const char *columns;	/* l or r for each */
static char **cells;
static size_t nr_cells;

/**
 * text_table() - begin a table
 * @align: a letter for each column: l for left, r for right
 */
void text_table(const char *align)
{
	columns = align;
	nr_cells = 0;
}

/**
 * text_cell() - add the next cell of a table
 * @fmt: as printf's
 */
void text_cell(const char *fmt, ...)
{
	va_list args;

	cells = realloc(cells, (nr_cells + 1) * sizeof(*cells));
	va_start(args, fmt);
	if (!cells || vasprintf(&cells[nr_cells++], fmt, args) < 0)
		abort();
	va_end(args);
}

static int width(const char *s)
{
	int n = 0;

	for (; *s; s++)
		n += (*s & 0xc0) != 0x80;
	return n;
}

/**
 * text_table_end() - print the table
 * @rows: how many rows at most
 */
void text_table_end(unsigned int rows)
{
	size_t nr = strlen(columns), i;
	int widths[COLUMNS] = { 0 }, pad;

	for (i = 0; i < nr_cells; i++)
		if (width(cells[i]) > widths[i % nr])
			widths[i % nr] = width(cells[i]);
	for (i = 0; i < nr_cells; i++) {
		pad = widths[i % nr] - width(cells[i]);
		if (i / nr >= rows)
			continue;
		if (columns[i % nr] == 'r')
			printf("%*s", pad, "");
		fputs(cells[i], stdout);
		if (i % nr == nr - 1)
			putchar('\n');
		else
			printf("%*s", columns[i % nr] == 'r' ? 2 : pad + 2, "");
	}
	for (i = 0; i < nr_cells; i++)
		free(cells[i]);
	nr_cells = 0;
}
