// SPDX-License-Identifier: GPL-2.0
/*
 * A writer of JSON on standard output: documents, each on its own line and nested as
 * it is opened and closed.  Each function takes the member's name, which is NULL for elements of
 * an array and for the document itself.
 */
#include <assert.h>
#include <stdio.h>

#include "ctl.h"
#include "json.h"
#include "text.h"

#define DEPTH 8

static char closing[DEPTH];
static unsigned int depth;
static bool followed;		/* the next value has one before it */

static void line(void)
{
	unsigned int i;

	if (!ctl_options.pretty)
		return;
	putchar('\n');
	for (i = 0; i < depth; i++)
		fputs("  ", stdout);
}

/* What is not UTF-8 becomes U+FFFD, as JSON has nothing for it. */
static void string(const char *s)
{
	size_t len;

	putchar('"');
	for (; *s; s += len ?: 1) {
		len = text_utf8(s);
		if (*s == '"' || *s == '\\')
			printf("\\%c", *s);
		else if (!len)
			fputs("\\ufffd", stdout);
		else if ((unsigned char)*s < ' ' || *s == 0x7f)
			printf("\\u%04x", *s);
		else
			fwrite(s, 1, len, stdout);
	}
	putchar('"');
}

static void begin(const char *name)
{
	if (followed)
		putchar(',');
	if (depth)
		line();
	followed = true;
	if (name) {
		string(name);
		fputs(ctl_options.pretty ? ": " : ":", stdout);
	}
}

/**
 * json_open() - begin an object or an array
 * @name: its name
 * @kind: { or [
 */
void json_open(const char *name, char kind)
{
	assert(depth < DEPTH);
	begin(name);
	putchar(kind);
	closing[depth++] = kind == '{' ? '}' : ']';
	followed = false;
}

/**
 * json_close() - end what was opened last
 */
void json_close(void)
{
	assert(depth);
	depth--;
	if (followed)
		line();
	putchar(closing[depth]);
	followed = true;
	if (depth)
		return;
	putchar('\n');
	followed = false;
}

/**
 * json_str() - a string
 * @name: its name
 * @val: what it is, UTF-8; null if NULL
 */
void json_str(const char *name, const char *val)
{
	if (!val) {
		json_null(name);
		return;
	}
	begin(name);
	string(val);
}

/**
 * json_u64() - a number
 * @name: its name
 * @val: what it is
 */
void json_u64(const char *name, __u64 val)
{
	begin(name);
	printf("%llu", val);
}

/**
 * json_bool() - true or false
 * @name: its name
 * @val: which
 */
void json_bool(const char *name, bool val)
{
	begin(name);
	fputs(val ? "true" : "false", stdout);
}

/**
 * json_null() - a value that is not known
 * @name: its name
 */
void json_null(const char *name)
{
	begin(name);
	fputs("null", stdout);
}
